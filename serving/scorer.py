"""The scorer: tables and a moment in, scores out; for batch, list and request alike."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import narwhals as nw
import polars as pl

from data.errors import BadInput
from data.moments import DAY, iso
from data.tables import Tables
from features.compute import compute
from features.snapshots import first_snapshots, open_snapshots
from models.bundle import Bundle
from models.curve import Curves
from models.reasons import Explanation

CLOSING: Final = {"close_median": 0.5, "close_from": 0.1, "close_to": 0.9}
"""The quantiles of the won curve that tell when a deal closes, and within which 80 % range."""


@dataclass(frozen=True)
class Scores:
    """What a bundle says of n open deals at one moment.

    Attributes:
        rows: the feature rows that were scored, sorted by deal_id, [n].
        curves: their curves over the days ahead, [n].
        as_of: the moment (microseconds of UTC).
        horizons_days: the pipeline's horizons; none where timing is unknown.
        why: for each deal the parts of its score and the reasons; None when not asked for.
    """

    rows: pl.DataFrame
    curves: Curves
    as_of: int
    horizons_days: tuple[int, ...]
    why: list[Explanation] | None = None

    def at(self, days: Sequence[int]) -> pl.DataFrame:
        """Return deal_id, as_of, days_ahead, p_won, p_lost: a row per deal and day, in order.

        The probabilities are null where timing is unknown.
        """
        read = [
            self.rows.select(
                "deal_id",
                as_of=pl.lit(self.as_of, pl.Int64),
                days_ahead=pl.lit(day, pl.Int64),
                p_won=pl.Series(self.curves.won_by(day)).fill_nan(None),
                p_lost=pl.Series(self.curves.lost_by(day)).fill_nan(None),
            )
            for day in days
        ]
        return pl.concat(read).sort("deal_id", "days_ahead")

    def eventually(self) -> pl.DataFrame:
        """Return deal_id, p_won, p_lost: what will have become of each deal in the end."""
        won, lost = self.curves.won_by(math.inf), self.curves.lost_by(math.inf)
        return self.rows.select("deal_id", p_won=pl.Series(won), p_lost=pl.Series(lost))

    def closing(self) -> pl.DataFrame:
        """Return deal_id and when each deal closes should it be won; null where it never is.

        The columns close_median, close_from and close_to are moments.
        """
        ahead = {name: pl.Series(self.curves.close_days(q)) for name, q in CLOSING.items()}
        return self.rows.select(
            "deal_id",
            **{
                name: self.as_of + (days.fill_nan(None) * DAY).round().cast(pl.Int64)
                for name, days in ahead.items()
            },
        )


@dataclass(frozen=True)
class Scorer:
    """A bundle put to work. It holds no state of its own and may be shared by threads."""

    bundle: Bundle
    threads: int = 1

    def score(
        self,
        tables: Tables,
        as_of: int,
        deal_ids: Sequence[str] | None = None,
        reasons: bool = False,
        allow_later_bundle: bool = False,
    ) -> Scores:
        """Score the deals open at a moment, by what was known then.

        Args:
            tables: the pipeline's tables; facts known only later are not used.
            as_of: the moment (microseconds of UTC).
            deal_ids: which of them; all by default. One that is not open then is left out.
            reasons: say why as well.
            allow_later_bundle: score a past moment with a bundle that has seen what came after.

        Raises:
            BadInput: the bundle has learned from what came after as_of, and that is not allowed.
        """
        if not allow_later_bundle:
            self._check_honest(as_of)
        known, dated = tables.known_by(as_of), self.bundle.dated
        snapshots = open_snapshots(known, as_of) if dated else first_snapshots(known, closed=False)
        if deal_ids is not None:
            snapshots = snapshots.filter(nw.col("deal_id").is_in(deal_ids))
        rows = compute(known, snapshots, self.bundle.context)
        return Scores(
            rows=rows,
            curves=self.bundle.curves(rows, self.threads),
            as_of=as_of,
            horizons_days=self.bundle.horizons_days,
            why=self.bundle.explain(rows, self.threads) if reasons else None,
        )

    def _check_honest(self, as_of: int) -> None:
        if self.bundle.as_of > as_of:
            raise BadInput(
                f"the bundle {self.bundle.name} has learned from what came later",
                field="as_of",
                value=iso(as_of),
                allowed=f"{iso(self.bundle.as_of)} or later",
                remedy="train a bundle as of then, or allow a later bundle",
            )
