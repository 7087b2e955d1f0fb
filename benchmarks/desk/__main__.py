"""`python -m benchmarks.desk`: what the list captures, how it allocates, how fast pages answer."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from benchmarks.desk import allocating, captured, pages
from benchmarks.desk.page import page

HERE = Path(__file__).resolve().parent

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
Folder = Annotated[Path, typer.Option(help="Where desk.json and README.md are written.")]


@app.command("captured")
def captured_command(out: Folder = HERE) -> None:
    """Measure the value captured at capacity, and write the page."""
    _write(out, "captured", captured.measured(typer.echo))


@app.command("allocation")
def allocation_command(out: Folder = HERE) -> None:
    """Measure the allocation, on the clock, and write the page."""
    _write(out, "allocation", allocating.measured())


@app.command("pages")
def pages_command(
    out: Folder = HERE,
    workspace: Annotated[Path | None, typer.Option(help="A large one; by default made.")] = None,
) -> None:
    """Measure how fast the pages of a large workspace answer, and write the page."""
    _write(out, "pages", pages.measured(typer.echo, workspace))


@app.command("page")
def page_command(out: Folder = HERE) -> None:
    """Write the page anew."""
    _write(out, None, None)


def _write(out: Path, name: str | None, found: dict[str, Any] | None) -> None:
    file = out / "desk.json"
    held: dict[str, Any] = json.loads(file.read_text("utf-8")) if file.is_file() else {}
    if name is not None:
        held[name] = found
        file.write_text(json.dumps(held, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    (out / "README.md").write_text(page(held), encoding="utf-8")


if __name__ == "__main__":
    app(standalone_mode=False)
