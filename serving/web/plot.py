"""Pictures as SVG, drawn on the server: no script, in the page's own ink, sharp in print.

A `Plot` is what the macro `ui.plot` draws. Values go in, coordinates come out; the looks of a
line, a band or a mark are a class of the style sheet, so light, dark and print agree.
"""

import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

_LEFT, _RIGHT, _TOP, _BOTTOM = 38.0, 64.0, 12.0, 22.0
_LETTER: Final = 12.0
"""Units that a letter takes at most, on a phone; a Chinese one takes two."""
_APART: Final = 17.0
"""Units between two names at lines' ends, so that none covers another."""


@dataclass(frozen=True)
class Tick:
    """A value of an axis: where it stands and what it is called."""

    value: float
    label: str


def steps_to(top: float, count: int = 4) -> list[float]:
    """Return round values from 0 up to a top: 1, 2 or 5 times a power of ten apart."""
    apart = 10.0 ** math.floor(math.log10(top / count)) if top > 0 else 1.0
    step = next(n * apart for n in (1, 2, 5, 10) if n * apart * count >= top or n == 10)
    return [n * step for n in range(int(top / step) + 1)]


@dataclass(frozen=True)
class Mark:
    """A place in a picture with its words; `look` is a class of the style sheet."""

    x: float
    y: float
    label: str
    look: str = ""


@dataclass(frozen=True)
class Drawn:
    """A path of SVG and its look."""

    path: str
    look: str


@dataclass
class Plot:
    """One picture, in units of its own: lines and bands are added, then a template draws it.

    Attributes:
        x_range: lowest and highest value across.
        y_range: lowest and highest value up.
        x_ticks: names across.
        y_ticks: names up, each with a line through the picture.
        width: of the picture.
        height: of the picture.
        right: room for the names of lines.
    """

    x_range: tuple[float, float]
    y_range: tuple[float, float]
    x_ticks: Sequence[Tick] = ()
    y_ticks: Sequence[Tick] = ()
    width: float = 720.0
    height: float = 260.0
    right: float = _RIGHT
    bands: list[Drawn] = field(default_factory=list)
    lines: list[Drawn] = field(default_factory=list)
    ends: list[Mark] = field(default_factory=list)
    verticals: list[Mark] = field(default_factory=list)
    dots: list[Mark] = field(default_factory=list)

    top, bottom = _TOP, _BOTTOM

    @property
    def left(self) -> float:
        """Room for the names up."""
        return max(
            _LEFT, 6 + _LETTER * max((_letters(one.label) for one in self.y_ticks), default=0)
        )

    def x(self, value: float) -> float:
        """Return where a value stands across."""
        low, high = self.x_range
        share = (value - low) / (high - low)
        return round(self.left + share * (self.width - self.left - self.right), 1)

    def y(self, value: float) -> float:
        """Return where a value stands, from the top."""
        low, high = self.y_range
        share = (value - low) / (high - low)
        return round(self.height - _BOTTOM - share * (self.height - _TOP - _BOTTOM), 1)

    def line(
        self, xs: Sequence[float], ys: Sequence[float], name: str = "", look: str = ""
    ) -> None:
        """Draw a line, with its name at the end."""
        self.lines.append(Drawn(self._path(xs, ys), f"line {look}".strip()))
        if name:
            self.ends.append(Mark(self.x(xs[-1]) + 6, self.y(ys[-1]) + 4, name, look))

    def steps(self, xs: Sequence[float], ys: Sequence[float], look: str = "") -> None:
        """Draw a line that keeps each value until the next."""
        wide = [x for one, two in zip(xs, [*xs[1:], xs[-1]], strict=True) for x in (one, two)]
        high = [y for y in ys for _ in range(2)]
        self.lines.append(Drawn(self._path(wide, high), f"line {look}".strip()))

    def band(self, xs: Sequence[float], low: Sequence[float], high: Sequence[float]) -> None:
        """Fill what lies between two lines."""
        there = self._path(xs, high)
        back = self._path(list(reversed(xs)), list(reversed(low)))
        self.bands.append(Drawn(f"{there}L{back[1:]}Z", "band"))

    def vertical(self, at: float, label: str, look: str = "") -> None:
        """Mark a place across with a line and its name above."""
        self.verticals.append(Mark(self.x(at), _TOP, label, look))

    def dot(self, x: float, y: float, label: str, look: str = "") -> None:
        """Mark a point; its words show where people hover."""
        self.dots.append(Mark(self.x(x), self.y(y), label, look))

    def _path(self, xs: Sequence[float], ys: Sequence[float]) -> str:
        points = (f"{self.x(x):g},{self.y(y):g}" for x, y in zip(xs, ys, strict=True))
        return "M" + "L".join(points)

    @property
    def names(self) -> list[Mark]:
        """The names at lines' ends, moved apart from the lowest on so that all can be read."""
        placed: list[Mark] = []
        for mark in sorted(self.ends, key=lambda mark: -mark.y):
            y = min(mark.y, placed[-1].y - _APART) if placed else mark.y
            placed.append(Mark(mark.x, y, mark.label, mark.look))
        return placed


def _letters(text: str) -> float:
    return sum(1.6 if unicodedata.east_asian_width(one) in "WF" else 1.0 for one in text)
