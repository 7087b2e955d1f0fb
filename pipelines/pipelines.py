"""`dealcast pipelines`: what a workspace holds of each, and deleting one."""

import shutil
from typing import Any

from data.errors import NotFound, did_you_mean
from data.holdings import forget, holdings
from data.settings import Settings
from models.bundle import CHAMPION
from pipelines.phrases import Say
from pipelines.workspace import database_of


def listing(settings: Settings) -> list[dict[str, Any]]:
    """Return each pipeline's rows by table, how many bundles it has, and which serves."""
    with database_of(settings) as engine:
        held = holdings(engine)
    folders = {path.name for path in settings.bundles.glob("*") if path.is_dir()}
    return [
        {"name": name, "rows": held.get(name, {}), **_bundles(settings, name)}
        for name in sorted({*held, *folders})
    ]


def found(settings: Settings, pipeline: str) -> dict[str, Any]:
    """Return what `listing` says of one pipeline.

    Raises:
        NotFound: there is none of that name.
    """
    known = {one["name"]: one for one in listing(settings)}
    if pipeline not in known:
        raise NotFound(
            "no such pipeline",
            field="pipeline",
            value=pipeline,
            allowed=", ".join(known) or "none yet",
            remedy=did_you_mean(pipeline, known) or None,
        )
    return known[pipeline]


def delete(settings: Settings, pipeline: str) -> None:
    """Delete a pipeline: its facts, settings and published lists, its bundles and desks.

    What it shares stays: accounts, owners, targets. So do files that were handed out (lists,
    reports, rejects) and MLflow's record of its trainings.

    Raises:
        NotFound: there is none of that name.
    """
    found(settings, pipeline)
    with database_of(settings) as engine:
        forget(engine, pipeline)
    # after the facts: a pipeline that is half deleted is still listed, and can be deleted again
    for folder in (settings.bundles / pipeline, settings.desks / pipeline):
        if folder.is_dir():
            shutil.rmtree(folder)


def told(one: dict[str, Any], words: Say) -> str:
    """Say what goes with a pipeline and what stays."""
    rows = ", ".join(f"{count:,} {table}" for table, count in one["rows"].items())
    return "\n".join(
        (
            words("This deletes {}: {}; bundles: {:,}.").format(
                one["name"], rows or "–", one["bundles"]
            ),
            words(
                "Accounts, owners and targets stay, for they are shared; so do files that were "
                "handed out and MLflow's record."
            ),
        )
    )


def _bundles(settings: Settings, pipeline: str) -> dict[str, Any]:
    folder = settings.bundles / pipeline
    champion = folder / CHAMPION
    return {
        "bundles": len(list(folder.glob("*/card.json"))),
        "champion": champion.read_text("utf-8").strip() if champion.is_file() else None,
    }
