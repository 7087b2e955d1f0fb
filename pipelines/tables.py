"""Tables and sentences as a console shows them: no figure is ever cut or broken over lines.

Text folds between words and between Chinese characters. What is left too wide for a terminal
goes on below as another table with the same first column.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from itertools import chain
from typing import Final

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

Cell = str | Text

_WORD: Final = re.compile(r"[（《]*(?:[^\s⺀-\uffff]+|\S)[，。；：、！？）》％]*\s*")
"""A word, figure or Chinese character, with the marks that no line begins or ends with."""
GAP: Final = 2
"""Cells between columns."""
_HEAD, _TEXT = 8, 12
"""Cells that a column's heading and its text are not folded below."""


def tell(console: Console, text: str, style: str = "") -> None:
    """Print a text as it is, whatever in it looks like markup."""
    console.print(Text(fold(text, console.width), style))


def show_table(
    console: Console,
    heads: Sequence[Cell],
    rows: Sequence[Sequence[Cell]],
    right: Collection[int] = (),
) -> None:
    """Print a table, or several below each other where a terminal is too narrow for one.

    Args:
        console: where to.
        heads: of the columns.
        rows: a cell for each column.
        right: places of the columns that are flush right.
    """
    for places in _bands(_least(heads, rows), console.width):
        flush = [at for at, place in enumerate(places) if place in right]
        head, *lines = ([line[place] for place in places] for line in (heads, *rows))
        widths = fitted(head, lines, console.width)
        console.print(line_of(head, widths, flush, head=True))
        for line in lines:
            console.print(line_of(line, widths, flush))


def line_of(
    cells: Sequence[Cell], widths: Sequence[int], right: Collection[int], head: bool = False
) -> Table:
    """Lay a line of a table out, each cell folded within its column's width."""
    grid = Table.grid(padding=(0, GAP, 0, 0))
    for at, width in enumerate(widths):
        grid.add_column(
            width=width,
            overflow="fold",
            justify="right" if at in right else "left",
            vertical="bottom" if head else "top",
        )
    grid.add_row(*map(_folded, cells, widths), style="bold" if head else None)
    return grid


def fitted(heads: Sequence[Cell], rows: Sequence[Sequence[Cell]], room: int) -> list[int]:
    """Return the columns' widths in cells: their own, or where they need more than room, less.

    None is less than `_least`, so that the sum may still be more than room.
    """
    lows = _least(heads, rows)
    widths = [max(map(_width, column)) for column in zip(heads, *rows, strict=True)]
    for _ in range(sum(widths) + GAP * (len(widths) - 1) - room):
        spare = [width - low for width, low in zip(widths, lows, strict=True)]
        widths[spare.index(max(spare))] -= max(spare) > 0
    return widths


def fold(text: str, width: int) -> str:
    """Break lines that are wider, between words and between Chinese characters."""
    return "\n".join(line for long in text.split("\n") for line in _lines(long, width))


def _least(heads: Sequence[Cell], rows: Sequence[Sequence[Cell]]) -> list[int]:
    """Return the least widths in cells at which no word with a digit, and no heading's, breaks."""
    columns = list(zip(*rows, strict=True)) or [()] * len(heads)
    return [
        max(
            min(_width(head), _HEAD),
            min(max(map(_width, cells), default=0), _TEXT),
            *map(cell_len, _words(head)),
            *(cell_len(word) for word in chain(*map(_words, cells)) if re.search(r"\d", word)),
        )
        for head, cells in zip(heads, columns, strict=True)
    ]


def _lines(text: str, width: int) -> Iterator[str]:
    line = ""
    for word in _WORD.findall(text):
        if line and cell_len(line + word.rstrip()) > width:
            yield line.rstrip()
            line = ""
        line += word
    yield line.rstrip()


def _bands(widths: Sequence[int], room: int) -> list[list[int]]:
    """Part columns so that each part fits the room, the first column in each."""
    bands = [[0]]
    for place in range(1, len(widths)):
        band = [*bands[-1], place]
        if len(band) > 2 and sum(widths[one] + GAP for one in band) - GAP > room:
            bands.append([0, place])
        else:
            bands[-1] = band
    return bands


def _words(cell: Cell) -> list[str]:
    return [word.rstrip() for word in _WORD.findall(str(cell))]


def _width(cell: Cell) -> int:
    return max(map(cell_len, str(cell).splitlines()), default=0)


def _folded(cell: Cell, width: int) -> Text:
    return Text(fold(str(cell), width), cell.style if isinstance(cell, Text) else "")
