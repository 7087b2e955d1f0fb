"""The hazards: who is won or lost within each bin ahead, given that it is still open.

Landmark, discrete-time, cause-specific: rows are (snapshot, future bin), after van Houwelingen
(2007); hazards after Singer & Willett (1993). Won against open and lost against open are fitted
apart, which has the same limit as fitting the three together (Begg & Gray 1984), costs less, and
lets a fact's direction be declared.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any, Final, Self

import numpy as np
import polars as pl

from data.contract import Calendar
from data.moments import DAY
from data.pool import in_turn
from features.catalogue import Feature
from features.encoder import Codes, Encoder
from models.ahead import Ahead
from models.boosting import Bag, Settings
from models.calibration import Calibration
from models.curve import LOST, OPEN, WON, Array, Curves
from models.parts import Parted, draw, parts
from models.sample import Sample
from models.sources import Sources

_CHECKED: Final = 300_000
"""Rows that the calibration is fitted on at most."""
_YEAR_DAYS: Final = 364.0
"""52 weeks: what a drift is told by."""
_AT_ONCE: Final = 50_000
"""Deals that are asked of at once: unfolded into their bins they are many and wide."""


@dataclass(frozen=True)
class HazardModel:
    """What speaks of the hazards, what encodes its rows, and what corrects it.

    Attributes:
        encoder: of feature rows.
        ahead: how code rows and bins become rows to ask of.
        won: the log-odds of won against open, by boosters, a line, and a line of the calendar.
        lost: the same for lost.
        calibration: what blends them.
    """

    encoder: Encoder
    ahead: Ahead
    won: Sources
    lost: Sources
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
        calendar: Calendar = "weekdays",
    ) -> Self:
        """Fit the sources by cross-fitting over groups, and the calibration on their checks.

        Args:
            sample: snapshots and what came of them.
            features: the catalogue, in the order of its columns.
            edges: bin edges in days ahead, [k + 1].
            settings: see `Settings`.
            seed: of parts, drawn rows and boosters.
            progress: told each step.
            calendar: whose working days a bin has.
        """
        rng = np.random.default_rng(seed)
        encoder = Encoder.learn(sample.rows, features)
        ahead = Ahead.of(encoder, features, edges, calendar, sample.history_days)
        bins = _Bins(sample, encoder, ahead, *sample.bins(edges))
        data = bins.parted(settings, rng)
        views = (range(ahead.width), ahead.of_calendar)
        (won, won_checks), (lost, lost_checks) = (
            Sources.cross_fit(
                data,
                bins.target(cause),
                ahead.columns(encoder, features, towards),
                views,
                settings,
                rng,
                partial(_told, progress, name),
            )
            for cause, name, towards in ((WON, "won", 1), (LOST, "lost", -1))
        )
        checks = np.stack([won_checks, lost_checks], axis=1)
        return cls(encoder, ahead, won, lost, bins.calibration(data.checked, checks))

    @property
    def edges(self) -> Array:
        """Bin edges in days ahead, [k + 1]."""
        return self.ahead.edges

    def curves(self, rows: pl.DataFrame, threads: int = 1) -> Curves:
        """Return the curves of feature rows, n deals in their order."""
        hazards = np.concatenate(
            [
                self.hazards(self.encoder.encode(part), part["as_of"].to_numpy(), threads)
                for part in (rows[at : at + _AT_ONCE] for at in range(0, len(rows) or 1, _AT_ONCE))
            ]
        )
        return Curves.from_hazards(self.edges, hazards[:, :, WON], hazards[:, :, LOST])

    @cached_property
    def members(self) -> list["HazardModel"]:
        """The model once for each pair of its boosters, with that pair alone.

        Each booster was fitted without one part of the history, so how far the members' curves
        lie apart shows what the curve owes to the history's accidents.
        """
        pairs = zip(self.won.trees.boosters, self.lost.trees.boosters, strict=True)
        return [replace(self, won=self.won.alone(w), lost=self.lost.alone(n)) for w, n in pairs]

    def hazards(self, codes: Codes, as_of: np.ndarray, threads: int = 1) -> Array:
        """Return the calibrated hazards of every bin, [n, k, 3]."""
        rows, number = self.ahead.unfold(codes, as_of)
        each = (threads + 1) // 2

        def asked(cause: Sources) -> Array:
            return cause.predict(rows, each, codes.shape[1], self.ahead.bins)

        odds = np.stack(list(in_turn(asked, (self.won, self.lost), threads)), axis=1)
        hazards = self.calibration.apply(odds, number)
        return hazards.reshape(len(codes), self.ahead.bins, 3)

    def effects(self, rows: Array, number: np.ndarray, threads: int = 1) -> Array:
        """Return what each fact, and the calendar, adds to log-odds of won less those of lost.

        Args:
            rows: of deals ahead, see `Ahead`.
            number: the bin of each.
            threads: of the boosters.

        Returns:
            Floats [n, names and calendar], see `Ahead.folded`.
        """
        won, lost = np.moveaxis(self.calibration.slope[number], 1, 0)
        added = self.won.effects(rows, won, threads) - self.lost.effects(rows, lost, threads)
        return self.ahead.folded(added)

    @property
    def bags(self) -> dict[str, Bag]:
        """The bags by name."""
        return {"won": self.won.trees, "lost": self.lost.trees}

    def to_dict(self) -> dict[str, Any]:
        """Return all but the boosters, fit for JSON."""
        return {
            **self.ahead.to_dict(),
            "encoder": self.encoder.to_dict(),
            "won": self.won.to_dict(),
            "lost": self.lost.to_dict(),
            "calibration": self.calibration.to_dict(),
        }

    @classmethod
    def from_dict(cls, document: dict[str, Any], boosters: dict[str, tuple[Any, ...]]) -> Self:
        """Put what `to_dict` wrote and the boosters by bag together."""
        encoder = Encoder.from_dict(document["encoder"])
        return cls(
            encoder=encoder,
            ahead=Ahead.from_dict(document, encoder.names),
            won=Sources.from_dict(document["won"], boosters["won"]),
            lost=Sources.from_dict(document["lost"], boosters["lost"]),
            calibration=Calibration.from_dict(document["calibration"]),
        )


@dataclass(frozen=True)
class _Bins:
    """Snapshots unfolded into the bins ahead that may teach: n rows to fit on.

    Attributes:
        sample: the snapshots.
        encoder: of their feature rows.
        ahead: how code rows and bins become rows.
        snapshot: the snapshot of each row, [n].
        number: its bin, [n].
        cause: what happened in it: OPEN, WON or LOST, [n].
    """

    sample: Sample
    encoder: Encoder
    ahead: Ahead
    snapshot: np.ndarray
    number: np.ndarray
    cause: np.ndarray

    @cached_property
    def as_of(self) -> np.ndarray:
        """The moment of each snapshot (microseconds of UTC)."""
        return self.sample.rows["as_of"].to_numpy()

    def parted(self, settings: Settings, rng: np.random.Generator) -> Parted:
        """Cut the rows into parts by the snapshots' groups, and draw those to check."""
        return Parted(
            self._rows,
            part=parts(self.sample.groups, settings.folds, rng)[self.snapshot],
            checked=draw(len(self.snapshot), _CHECKED, rng),
            weight=self._weight(settings.half_life_days),
        )

    def target(self, cause: int) -> Array:
        """Return 1 where this happened, 0 where nothing did, nan where something else did, [n]."""
        return np.where(self.cause == cause, 1.0, np.where(self.cause == OPEN, 0.0, np.nan))

    def calibration(self, at: np.ndarray, odds: Array) -> Calibration:
        """Fit what blends the sources, on rows at positions and what was said of them.

        Args:
            at: rows that the sources were not fitted on, [c].
            odds: log-odds of each cause by each source, [c, causes, sources].
        """
        number = self.number[at]
        ended = self.as_of[self.snapshot[at]] / DAY + self.ahead.edges[number + 1]
        ago = (ended.max(initial=0) - ended) / _YEAR_DAYS
        return Calibration.fit(odds, number, self.cause[at], self.ahead.bins, ago)

    def _rows(self, at: np.ndarray) -> Array:
        # only what is drawn is encoded: all of it, in all its bins, may not fit in memory
        snapshot = self.snapshot[at]
        codes = self.encoder.encode(self.sample.rows[snapshot])
        return self.ahead.rows(codes, self.as_of[snapshot], self.number[at])

    def _weight(self, half_life_days: float | None) -> Array | None:
        if half_life_days is None:
            return None
        age_days = (self.as_of.max(initial=0) - self.as_of) / DAY
        weight: Array = (0.5 ** (age_days / half_life_days))[self.snapshot]
        return weight


def _told(progress: Callable[[str], None], name: str, text: str) -> None:
    progress(f"{name}: {text}")
