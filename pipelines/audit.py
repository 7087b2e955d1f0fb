"""`dealcast audit`: which columns know more than could be known, and what is done about them."""

import json
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.text import Text

from data.settings import Settings
from features.audit import DONE, SEVERITY, Audit, audit
from features.custom import load
from pipelines.files import write_whole
from pipelines.phrases import Language, say
from pipelines.tables import show_table, tell
from pipelines.workspace import opened

_STYLES: Final = {"leak": "bold red", "suspect": "yellow", "note": "dim"}


def run(
    pipeline: str, as_of: int, settings: Settings, keep: Collection[str] = (), seed: int = 0
) -> Audit:
    """Audit a pipeline by what was known at a moment.

    Args:
        pipeline: whose deals.
        as_of: nothing learned later is looked at (microseconds of UTC).
        settings: where the database is.
        keep: columns that stay although they are suspected.
        seed: of the canary's shuffle.

    Raises:
        NotFound: no such pipeline.
        BadInput: a column to keep that is not there.
    """
    configured, tables = opened(settings, pipeline)
    return audit(tables.known_by(as_of), configured, keep, seed, load(settings.features))


def told_of(found: Audit, told: Callable[[str], None]) -> None:
    """Say in a line each what the audit left out and what was kept, before a training."""
    if found.left_out:
        told(f"the audit left out {', '.join(found.left_out)}; --keep COLUMN keeps one")
    if found.kept:
        told(f"kept although suspected: {', '.join(found.kept)}")


def show(pipeline: str, told: dict[str, Any], console: Console, language: Language = "en") -> None:
    """Print the findings as a table.

    Args:
        pipeline: its name.
        told: see `Audit.to_dict`; a bundle's card has it.
        console: where to.
        language: of the table.
    """
    words = say(language)
    if not told["findings"]:
        tell(console, words("{}: the leakage audit found nothing.").format(pipeline))
        return
    tell(console, words("{}: leakage audit").format(pipeline), "bold")
    heads = [words("Column"), words("Severity"), words("Evidence"), words("Done")]
    rows = [
        [
            one["column"],
            Text(SEVERITY[one["severity"]][language], _STYLES[one["severity"]]),
            "\n".join(evidence[language] for evidence in one["evidence"]),
            DONE[one["done"]][language],
        ]
        for one in told["findings"]
    ]
    show_table(console, heads, rows)


def write(found: Audit, path: Path) -> None:
    """Write the findings to a file as JSON, whole or not at all."""
    text = json.dumps(found.to_dict(), ensure_ascii=False, indent=1)
    write_whole(path, lambda file: file.write_text(text + "\n", encoding="utf-8"))
