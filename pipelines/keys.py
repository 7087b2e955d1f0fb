"""`dealcast keys`: make, list and revoke API keys."""

from data.errors import BadInput
from data.moments import iso, now
from data.settings import Settings
from pipelines.workspace import database_of
from serving.access.reach import EVERYTHING, Reach
from serving.security import SCOPES, create_key, list_keys, revoke_key


def create(
    settings: Settings,
    name: str,
    scopes: list[str],
    expires_days: int | None,
    owner_id: str | None = None,
    team: str | None = None,
) -> str:
    """Make a key and return it; only its hash is kept.

    Raises:
        BadInput: it is to see one owner's deals and one team's, or to write though it sees some.
    """
    given = [Reach("owner_id", owner_id)] * (owner_id is not None)
    given += [Reach("team", team)] * (team is not None)
    if len(given) > 1:
        raise BadInput(
            "either an owner or a team", field="team", value=team, remedy="leave one out"
        )
    if given and "write" in scopes:
        raise BadInput(
            "a key that sees only some deals may not write",
            field="scope",
            value="write",
            allowed=", ".join(one for one in SCOPES if one != "write"),
            remedy="leave the owner or the team out, or make another key that writes",
        )
    reach = given[0] if given else EVERYTHING
    with database_of(settings) as engine:
        return create_key(engine, name, scopes, now(), expires_days, reach)


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
            "sees": "all" if key.reach.whole else {key.reach.by: key.reach.value},
            "last_used_at": None if key.last_used_at is None else iso(key.last_used_at),
        }
        for key in keys
    ]


def revoke(settings: Settings, key_id: str) -> None:
    """End a key at once."""
    with database_of(settings) as engine:
        revoke_key(engine, key_id, now())
