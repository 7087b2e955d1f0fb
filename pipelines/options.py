"""The command line's options, and what they mean."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, cast

import typer
from pydantic import ValidationError
from rich.console import Console

from data.contract import pipeline_name
from data.errors import BadInput
from data.moments import DAY, now, parse_moment
from data.settings import Settings

if TYPE_CHECKING:
    from serving.desk.view import View
    from serving.insights.attainment import By
    from serving.insights.period import Kind

progress: Final = Console(stderr=True)
"""Where progress and messages go; for results see `output`."""
_ENDLESS: Final = 1_000_000

Workspace = Annotated[
    Path | None, typer.Option(help="The folder that holds all state; default ./workspace.")
]
PipelineName = Annotated[str, typer.Option("--pipeline", help="Which pipeline.")]
AsOf = Annotated[
    str | None, typer.Option(help="The moment to speak of, ISO 8601; now when left out.")
]
LaterBundle = Annotated[
    bool, typer.Option(help="Let a bundle score a past that it has seen the sequel of.")
]
Seed = Annotated[int, typer.Option(min=0, help="What all chance comes from.")]
Report = Annotated[
    Path | None, typer.Option(help="Folder for a page with tables and pictures; made if missing.")
]
Keep = Annotated[
    list[str] | None,
    typer.Option(help="A column that stays although the audit suspects it; repeat it."),
]
Language = Annotated[
    Literal["en", "zh"] | None, typer.Option(help="Of what is said; the settings' one.")
]
Owner = Annotated[list[str] | None, typer.Option(help="Only this seller, by id; repeat it.")]
Team = Annotated[list[str] | None, typer.Option(help="Only this team; repeat it.")]
Currency = Annotated[str | None, typer.Option(help="Of all amounts; the pipeline's own.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


def output() -> Console:
    """Return standard output: a terminal in its width, a file or a program without one."""
    return Console() if sys.stdout.isatty() else Console(width=_ENDLESS)


def settings_of(workspace: Path | None) -> Settings:
    """Return the settings, with the command line's workspace before the environment's.

    Raises:
        BadInput: a setting of the environment that cannot be used.
    """
    try:
        return Settings() if workspace is None else Settings(workspace=workspace)
    except ValidationError as error:
        wrong = error.errors()[0]
        raise BadInput(
            "a setting that cannot be used",
            field=f"DEALCAST_{wrong['loc'][0]}".upper(),
            value=wrong["input"],
            allowed=wrong["msg"],
            remedy="correct the environment variable; see the README's settings",
        ) from None


def moment_of(as_of: str | None) -> int:
    """Return the moment that was asked for, or this one."""
    return now() if as_of is None else parse_moment(as_of)


def days_of(text: str) -> tuple[int, ...]:
    """Read days ahead, such as 7,14,28.

    Raises:
        BadInput: they are not whole numbers above zero.
    """
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() and 0 < int(part) <= 3650 for part in parts):
        raise BadInput(
            "not days ahead",
            field="horizons",
            value=text,
            allowed="whole numbers from 1 to 3650 with commas between, such as 7,14,28",
        )
    return tuple(sorted({int(part) for part in parts}))


def origins_of(
    single: Sequence[str],
    since: str | None,
    until: str | None,
    every_days: int,
    read: Callable[[str, str], int] = parse_moment,
) -> list[int]:
    """Return the moments named singly and those of a row, ascending, each once.

    Args:
        single: each by itself.
        since: the first of the row.
        until: the last of it, or before it.
        every_days: how far apart they are.
        read: reads one, given the name of its option, see `data.places.read_place`.

    Raises:
        BadInput: there is none, or a row without one of its ends.
    """
    origins = {read(text, "origin") for text in single}
    if (since is None) != (until is None):
        raise BadInput(
            "a row of origins needs both ends",
            field="from" if since is None else "until",
            value=None,
            remedy="give --from and --until",
        )
    if since is not None and until is not None:
        first, last = read(since, "from"), read(until, "until")
        origins |= set(range(first, last + 1, every_days * DAY))
    if not origins:
        raise BadInput(
            "no origin",
            field="origin",
            value=list(single),
            allowed="at least one past moment",
            remedy="give --origin, or a row with --from and an --until that is not before it",
        )
    return sorted(origins)


def view_of(
    workspace: Path | None,
    pipeline: str,
    owner: Sequence[str] | None,
    team: Sequence[str] | None,
    currency: str | None,
) -> "tuple[View, Literal['zh', 'en']]":
    """Return what was asked for of a pipeline's current desk, and the settings' language.

    Raises:
        NotFound: there is no desk yet.
    """
    from serving.desk.store import read
    from serving.desk.view import View
    from serving.insights.scope import Scope

    settings = settings_of(workspace)
    asked = Scope(*(None if one is None else tuple(one) for one in (owner, team)))
    desk = read(settings.desks / pipeline_name(pipeline))
    return View(desk, asked=asked, currency=currency), settings.language


def period_kind(text: str) -> "Kind":
    """Return a kind of period.

    Raises:
        BadInput: there is none of this name.
    """
    from serving.insights.period import KINDS

    kind: Kind = _one_of(text, KINDS, "period")
    return kind


def side_of(text: str | None) -> "By | None":
    """Return what attainment is told by.

    Raises:
        BadInput: it is not told by that.
    """
    if text is None:
        return None
    _one_of(text, ("owner", "team", "region"), "by")
    side: Any = "owner_id" if text == "owner" else text
    return cast("By", side)


def _one_of(text: str, allowed: Sequence[str], field: str) -> Any:
    if text not in allowed:
        raise BadInput("not one of these", field=field, value=text, allowed=", ".join(allowed))
    return text
