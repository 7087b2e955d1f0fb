"""`dealcast keys`: make, list and revoke API keys."""

from data.moments import iso, now
from data.settings import Settings
from pipelines.workspace import database_of
from serving.security import create_key, list_keys, revoke_key


def create(settings: Settings, name: str, scopes: list[str], expires_days: int | None) -> str:
    """Make a key and return it; only its hash is kept."""
    with database_of(settings) as engine:
        return create_key(engine, name, scopes, now(), expires_days)


def listing(settings: Settings) -> list[dict[str, object]]:
    """Return what is known of every key, moments as ISO 8601; secrets are not among it."""
    with database_of(settings) as engine:
        keys = list_keys(engine)
    return [
        {
            "key_id": key.key_id,
            "name": key.name,
            "scopes": list(key.scopes),
            "created_at": iso(key.created_at),
            "expires_at": None if key.expires_at is None else iso(key.expires_at),
            "revoked_at": None if key.revoked_at is None else iso(key.revoked_at),
        }
        for key in keys
    ]


def revoke(settings: Settings, key_id: str) -> None:
    """End a key at once."""
    with database_of(settings) as engine:
        revoke_key(engine, key_id, now())
