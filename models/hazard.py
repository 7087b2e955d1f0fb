"""The hazards: who is won or lost within each bin ahead, given that it is still open.

Landmark, discrete-time, cause-specific: rows are (snapshot, future bin), after van Houwelingen
(2007); hazards after Singer & Willett (1993). Won against open and lost against open are fitted
apart, which has the same limit as fitting the three together (Begg & Gray 1984), costs less, and
lets a fact's direction be declared.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Self

import numpy as np
import polars as pl

from data.moments import DAY
from features.catalogue import Feature
from features.encoder import Codes, Encoder
from models.boosting import Bag, Columns, Settings
from models.calendar import NAMES, bin_codes
from models.calibration import Calibration
from models.curve import LOST, OPEN, WON, Array, Curves
from models.line import Line
from models.parts import Parted, draw, parts
from models.sample import Sample

_STEPS: Final = ("bin", "starts_on", "ends_on", "quarter_week")
"""Of the calendar's columns those that count steps."""
_CHECKED: Final = 300_000
"""Rows that the calibration is fitted on at most."""


@dataclass(frozen=True)
class HazardModel:
    """Boosters of the hazards, what encodes their rows, and what corrects them.

    Attributes:
        edges: bin edges in days ahead, [k + 1].
        encoder: of feature rows.
        won: boosters of the log-odds of won against open.
        lost: the same for lost.
        lines: what a line says of either, won and lost.
        calibration: what blends boosters and lines.
    """

    edges: Array
    encoder: Encoder
    won: Bag
    lost: Bag
    lines: tuple[Line, Line]
    calibration: Calibration

    @classmethod
    def fit(
        cls,
        sample: Sample,
        features: list[Feature],
        edges: Array,
        settings: Settings,
        seed: int,
        progress: Callable[[str], None] = lambda _: None,
    ) -> Self:
        """Fit the boosters by cross-fitting over groups, and the calibration on their checks.

        Args:
            sample: snapshots and what came of them.
            features: the catalogue, in the order of its columns.
            edges: bin edges in days ahead, [k + 1].
            settings: see `Settings`.
            seed: of parts, drawn rows and boosters.
            progress: told each step.
        """
        rng = np.random.default_rng(seed)
        encoder = Encoder.learn(sample.rows, features)
        codes, as_of = encoder.encode(sample.rows), sample.rows["as_of"].to_numpy()
        snapshot, number, cause = sample.bins(edges)
        recency = _recency(as_of, settings.half_life_days)

        def rows(at: np.ndarray) -> Array:
            ahead = bin_codes(as_of[snapshot[at]], number[at], edges)
            return np.hstack([codes[snapshot[at]], ahead])

        data = Parted(
            rows,
            part=parts(sample.groups, settings.folds, rng)[snapshot],
            checked=draw(len(snapshot), _CHECKED, rng),
            weight=None if recency is None else recency[snapshot],
        )
        bags, lines, checks = {}, [], []
        for which, name, towards in ((WON, "won", 1), (LOST, "lost", -1)):
            target = np.where(cause == which, 1.0, np.where(cause == OPEN, 0.0, np.nan))
            columns = Columns.of(encoder, features, towards, NAMES, _STEPS)
            told = partial(_told, progress, name)
            bags[name], by_trees = Bag.cross_fit(
                data, target, columns, settings, rng, progress=told
            )
            line, by_line = Line.cross_fit(data, target, columns, settings.folds, rng)
            lines.append(line)
            checks.append(np.column_stack([by_trees, by_line]))
        calibration = Calibration.fit(
            np.stack(checks, axis=1),
            number[data.checked],
            cause[data.checked],
            len(edges) - 1,
            data.weights(data.checked),
        )
        return cls(edges, encoder, **bags, lines=(lines[0], lines[1]), calibration=calibration)

    def curves(self, rows: pl.DataFrame, threads: int = 1) -> Curves:
        """Return the curves of feature rows, n deals in their order."""
        hazards = self.hazards(self.encoder.encode(rows), rows["as_of"].to_numpy(), threads)
        return Curves.from_hazards(self.edges, hazards[:, :, WON], hazards[:, :, LOST])

    def hazards(self, codes: Codes, as_of: np.ndarray, threads: int = 1) -> Array:
        """Return the calibrated hazards of every bin, [n, k, 3]."""
        rows, number = self.unfold(codes, as_of)
        trees = np.column_stack([bag.predict(rows, threads) for bag in (self.won, self.lost)])
        lines = np.column_stack([line.predict(rows) for line in self.lines])
        hazards = self.calibration.apply(np.stack([trees, lines], axis=2), number)
        return hazards.reshape(len(codes), len(self.edges) - 1, 3)

    def effects(self, rows: Array, number: np.ndarray, threads: int = 1) -> Array:
        """Return what each column adds to the log-odds of won less those of lost, [n, columns].

        Args:
            rows: the booster's rows, see `unfold`.
            number: the bin of each.
            threads: of the boosters.
        """
        added = np.zeros(rows.shape)
        for which, (bag, line, sign) in enumerate(
            zip((self.won, self.lost), self.lines, (1.0, -1.0), strict=True)
        ):
            by_trees, by_line = self.calibration.slope[number, which].T
            added += sign * by_trees[:, None] * bag.effects(rows, threads)
            added += sign * by_line[:, None] * line.effects(rows)
        return added

    def unfold(self, codes: Codes, as_of: np.ndarray) -> tuple[Array, np.ndarray]:
        """Return the booster's rows, [n × k, columns], and the bin of each, [n × k]."""
        bins = len(self.edges) - 1
        number = np.tile(np.arange(bins), len(codes))
        calendar = bin_codes(np.repeat(as_of, bins), number, self.edges)
        return np.hstack([np.repeat(codes, bins, axis=0), calendar]), number

    @property
    def bags(self) -> dict[str, Bag]:
        """The bags by name."""
        return {"won": self.won, "lost": self.lost}

    def to_dict(self) -> dict[str, Any]:
        """Return all but the boosters, fit for JSON."""
        return {
            "edges": self.edges.tolist(),
            "encoder": self.encoder.to_dict(),
            "offsets": {name: bag.offset for name, bag in self.bags.items()},
            "lines": [line.to_dict() for line in self.lines],
            "calibration": self.calibration.to_dict(),
        }

    @classmethod
    def from_dict(cls, document: dict[str, Any], boosters: dict[str, tuple[Any, ...]]) -> Self:
        """Put what `to_dict` wrote and the boosters by bag together."""
        won, lost = (Line.from_dict(line) for line in document["lines"])
        bags = {name: Bag(boosters[name], at) for name, at in document["offsets"].items()}
        return cls(
            edges=np.array(document["edges"]),
            encoder=Encoder.from_dict(document["encoder"]),
            lines=(won, lost),
            calibration=Calibration.from_dict(document["calibration"]),
            **bags,
        )


def _told(progress: Callable[[str], None], name: str, text: str) -> None:
    progress(f"{name}: {text}")


def _recency(as_of: np.ndarray, half_life_days: float | None) -> Array | None:
    """Weigh snapshots by their age, the newest 1."""
    if half_life_days is None:
        return None
    age: Array = (as_of.max(initial=0) - as_of) / DAY
    return 0.5 ** (age / half_life_days)
