"""Every setting, in one place. Each is an environment variable with the prefix `DEALCAST_`."""

from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """The settings of one workspace, from the environment.

    `DEALCAST_WORKSPACE=/srv/dealcast` sets `workspace`, and so on. The command line's options
    go before the environment, and the environment before the defaults here.
    """

    model_config = SettingsConfigDict(env_prefix="DEALCAST_", extra="ignore")

    workspace: Path = Field(Path("workspace"), description="The folder that holds all state.")
    database_url: str | None = Field(
        None, description="SQLAlchemy URL of a PostgreSQL; by default SQLite in the workspace."
    )
    engine: Literal["polars", "duckdb", "spark"] = Field(
        "polars", description="What computes features: in memory, larger than it, on a cluster."
    )
    memory_limit: str | None = Field(
        None,
        pattern=r"^[1-9][0-9]*[MG]B$",
        description="Memory of DuckDB, or of a Spark on this machine, such as `4GB`.",
    )
    tables: Path | None = Field(
        None, description="A directory of Parquet to read deals from, not the database."
    )
    dask: str | None = Field(
        None,
        pattern=r"^[a-z]+://\S+$",
        description="A Dask scheduler whose workers fit the boosters, such as "
        "`tcp://scheduler:8786`.",
    )
    mlflow_uri: str | None = Field(
        None, description="MLflow tracking server; by default SQLite in the workspace."
    )
    language: Literal["zh", "en"] = Field(
        "en", description="Language of answers, lists and reports."
    )
    timezone: str = Field(
        "UTC", description="Zone of dates and times in the week's files, and of new users."
    )
    threads: int = Field(2, ge=1, description="Threads for training and scoring.")
    host: str = Field("127.0.0.1", description="Address that `dealcast serve` listens on.")
    port: int = Field(8000, ge=1, le=65535, description="Port that `dealcast serve` listens on.")
    workers: int = Field(1, ge=1, le=64, description="Processes that `dealcast serve` runs.")
    max_body_bytes: int = Field(8_000_000, ge=1_000, description="Largest request body taken.")

    public_url: str | None = Field(
        None, description="Where people reach the pages; https makes cookies and headers strict."
    )
    session_idle_minutes: int = Field(
        480, ge=1, description="Minutes without a page after which a user signs in again."
    )
    session_days: int = Field(
        7, ge=1, le=90, description="Days after which a user signs in again in any case."
    )

    sign_in_tries: int = Field(
        10, ge=1, description="Wrong passwords in 15 minutes for one user from one address."
    )
    calls_per_minute: int = Field(
        60_000, ge=1, description="Calls a minute that one API key may make, over all workers."
    )
    request_seconds: float = Field(
        60.0, gt=0, description="Seconds after which a request without an answer is given up."
    )

    score_hours: float = Field(
        24.0, gt=0, description="Hours for which a standing score is told instead of a new one."
    )
    ledger_days: int = Field(
        1_100, ge=1, description="Days for which the ledger keeps what was said."
    )
    webhook_close_days: float = Field(
        7.0, ge=0, description="Days by which a close date must move for webhooks to be told."
    )
    webhook_attempts: int = Field(
        10, ge=1, le=30, description="How often a webhook is tried before it counts as dead."
    )
    webhook_private: bool = Field(
        False, description="Whether webhooks may call http and addresses of one's own net."
    )
    oidc_issuer: str | None = Field(
        None, description="OpenID provider for single sign-on, as it names itself."
    )
    oidc_client_id: str | None = Field(None, description="What the provider calls Dealcast.")
    oidc_client_secret: SecretStr | None = Field(
        None, description="Shared with the provider; none for a public client."
    )
    proxies: str = Field(
        "127.0.0.1", description="Reverse proxies whose X-Forwarded-For is believed, with commas."
    )

    @property
    def https(self) -> bool:
        """Whether people reach the service over https."""
        return (self.public_url or "").startswith("https://")

    @field_validator("timezone")
    @classmethod
    def _zone(cls, name: str) -> str:
        try:
            return str(ZoneInfo(name))
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError("not a time zone; allowed: an IANA name, Asia/Shanghai") from None

    @property
    def bundles(self) -> Path:
        """The folder of exported bundles."""
        return self.workspace / "bundles"

    @property
    def features(self) -> Path:
        """The folder of the user's own features."""
        return self.workspace / "features"

    @property
    def lists(self) -> Path:
        """The folder of published lists."""
        return self.workspace / "lists"

    @property
    def desks(self) -> Path:
        """The folder of the desks: what pages read of each pipeline."""
        return self.workspace / "desk"

    @property
    def spill(self) -> Path:
        """The folder of what an engine does not hold in memory; of use to running jobs only."""
        return self.workspace / "spill"

    @property
    def sqlalchemy_url(self) -> str:
        """The database's URL: the one set, or SQLite in the workspace."""
        return self.database_url or f"sqlite:///{(self.workspace / 'dealcast.db').resolve()}"

    @property
    def tracking_uri(self) -> str:
        """MLflow's URI: the one set, or SQLite in the workspace."""
        return self.mlflow_uri or f"sqlite:///{(self.workspace / 'mlflow.db').resolve()}"
