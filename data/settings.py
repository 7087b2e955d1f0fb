"""Every setting, in one place. Each is an environment variable with the prefix `DEALCAST_`."""

from pathlib import Path
from typing import Literal

from pydantic import Field
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
    engine: Literal["polars", "duckdb"] = Field(
        "polars", description="What computes features: in memory, or larger than memory."
    )
    mlflow_uri: str | None = Field(
        None, description="MLflow tracking server; by default SQLite in the workspace."
    )
    language: Literal["zh", "en"] = Field(
        "en", description="Language of answers, lists and reports."
    )
    threads: int = Field(2, ge=1, description="Threads for training and batch scoring.")
    host: str = Field("127.0.0.1", description="Address that `dealcast serve` listens on.")
    port: int = Field(8000, ge=1, le=65535, description="Port that `dealcast serve` listens on.")
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

    @property
    def https(self) -> bool:
        """Whether people reach the service over https."""
        return (self.public_url or "").startswith("https://")

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
    def sqlalchemy_url(self) -> str:
        """The database's URL: the one set, or SQLite in the workspace."""
        return self.database_url or f"sqlite:///{(self.workspace / 'dealcast.db').resolve()}"

    @property
    def tracking_uri(self) -> str:
        """MLflow's URI: the one set, or SQLite in the workspace."""
        return self.mlflow_uri or f"sqlite:///{(self.workspace / 'mlflow.db').resolve()}"
