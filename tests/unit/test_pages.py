"""What README and docs say exists: commands, options, settings, targets, pages."""

import re
import shlex
from pathlib import Path
from typing import Any, get_args

import pytest
import typer

from data.settings import Settings
from pipelines.cli import app

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
COMMAND = re.compile(r"^ *(?:\.venv/bin/)?dealcast (.+)$", re.M)
MAKE = re.compile(r"(?:^|`)make ([a-z-]+)", re.M)
LINK = re.compile(r"\]\((?!https?:)([^)#]*)#?([^)]*)\)")


def read(page: Path) -> str:
    return page.read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_is_one_that_dealcast_takes(page: Path) -> None:
    for line in COMMAND.findall(read(page)):
        _parse(shlex.split(line, comments=True))


def _parse(words: list[str]) -> None:
    """Let the command line read its arguments, and stop before the job."""
    command: Any = typer.main.get_command(app)
    name = "dealcast"
    while hasattr(command, "commands"):
        name, *words = words
        command = command.commands[name]
    command.make_context(name, words)


def test_the_readme_has_each_command() -> None:
    commands = {shlex.split(line)[0] for line in COMMAND.findall(read(ROOT / "README.md"))}
    assert {"ingest", "train", "backtest", "score", "week", "keys", "serve"} <= commands


def test_every_make_target_that_a_page_names_is_there() -> None:
    targets = set(re.findall(r"^([a-z-]+):", read(ROOT / "Makefile"), re.M))
    named = {t for page in PAGES for t in MAKE.findall(read(page))}
    assert {"demo", "test"} <= named <= targets


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_to_a_page_and_its_heading(page: Path) -> None:
    for path, heading in LINK.findall(read(page)):
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{path} in {page.name}"
        if heading:
            headings = re.findall(r"^#+ (.+)$", read(target), re.M)
            assert heading in {h.lower().replace(" ", "-") for h in headings}


def test_the_index_links_every_page() -> None:
    index = ROOT / "docs" / "index.md"
    linked = {(index.parent / path).resolve() for path, _ in LINK.findall(read(index))}
    assert set(ROOT.glob("docs/**/*.md")) - {index} <= linked


def test_the_readme_tells_every_setting() -> None:
    rows = [
        line for line in read(ROOT / "README.md").splitlines() if line.startswith("| `DEALCAST")
    ]
    assert rows == [_row(name) for name in Settings.model_fields]


def _row(name: str) -> str:
    field = Settings.model_fields[name]
    words = get_args(field.annotation)
    allowed = [f"`{word}`" for word in words if isinstance(word, str)]
    meaning = f"{field.description} ({', '.join(allowed)})" if allowed else field.description
    default = "" if field.default is None else f"`{field.default}`"
    return f"| `DEALCAST_{name.upper()}` | {default} | {meaning} |"
