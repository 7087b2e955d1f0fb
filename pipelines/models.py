"""`dealcast models`: the bundles of a pipeline, and which of them serves."""

from pathlib import Path
from typing import Any

from data import audit
from data.audit import commander
from data.bulk import writing
from data.errors import NotFound
from data.moments import now
from data.settings import Settings
from features.custom import load
from models.bundle import CHAMPION, Bundle, champion, crown
from models.seal import unseal
from pipelines.workspace import database_of
from serving.scorer import Scorer


def listing(settings: Settings, pipeline: str) -> list[dict[str, Any]]:
    """Return a pipeline's bundles, the newest knowledge last, with the champion marked.

    Raises:
        NotFound: nothing was trained for it.
    """
    serving = champion(settings.bundles / pipeline).name
    cards = [unseal(path.parent) for path in (settings.bundles / pipeline).glob("*/card.json")]
    told = ("name", "as_of", "timing", "serves", "why", "evidence")
    return [
        {name: card[name] for name in told} | {"champion": card["name"] == serving}
        for card in sorted(cards, key=lambda card: (card["as_of_moment"], card["name"]))
    ]


def promote(settings: Settings, pipeline: str, name: str) -> None:
    """Make a bundle champion, after checking that it is whole; earlier ones too.

    Raises:
        NotFound: there is no bundle of that name.
        BadInput: it was changed since it was made, or needs features that are not here.
    """
    path = settings.bundles / pipeline / name
    if not (path / "card.json").is_file():
        known = [one["name"] for one in listing(settings, pipeline)]
        raise NotFound(
            "no such bundle", field="name", value=name, allowed=", ".join(known) or "none yet"
        )
    Scorer(Bundle.load(path, load(settings.features))).at_hand()
    crowned(settings, path)
    from training.tracking import promote as move_alias  # mlflow takes seconds to import

    move_alias(settings.tracking_uri, pipeline, name)


def crowned(settings: Settings, path: Path) -> None:
    """Make a bundle its pipeline's champion, and write down who did."""
    folder = path.parent
    before = champion(folder).name if (folder / CHAMPION).is_file() else None
    with database_of(settings) as engine, writing(engine) as connection:
        told = {"bundle": path.name, "before": before}
        audit.record(connection, commander(), "bundle.promoted", now(), folder.name, **told)
        crown(path)
