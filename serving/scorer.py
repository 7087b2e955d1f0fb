"""The scorer: tables and a moment in, scores out; for batch, list and request alike."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Self

import narwhals as nw
import numpy as np
import polars as pl

from data.errors import BadInput
from data.moments import DAY, iso
from data.tables import NAMES, Frame, Tables, collect, lazy_tables
from features.beside import look_up
from features.catalogue import Feature
from features.compute import Prepared, catalogue, compute, no_rows
from features.snapshots import first_snapshots, open_among, open_snapshots
from models.bundle import Bundle
from models.curve import Array, Curves
from models.reasons import Explanation
from serving.contact import with_contact
from serving.scores import Scores
from serving.telemetry import step
from serving.verdicts import told

ASKED: Final = pl.Schema(
    {
        "deal_id": pl.String(),
        "as_of": pl.Int64(),
        "reasons": pl.Boolean(),
        "trend_days": pl.Float64(),
    }
)
"""What `Scorer.score_each` is asked: of which deal, as of when, whether to say why, and how long
before as well (null where the trend is not asked for)."""
_MANY: Final = 64
"""Rows from which a second thread brings more than it costs."""


@dataclass(frozen=True)
class Scorer:
    """A bundle put to work; it may be shared by threads.

    Attributes:
        bundle: what scores.
        threads: of the boosters, where there are many rows.
        workers: processes that share these threads when there is a crowd.
        prepared: the bundle's features, for records held in memory.
    """

    bundle: Bundle
    threads: int = 1
    workers: int = 1
    prepared: Prepared = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Check that every feature the bundle needs can be computed here.

        Raises:
            BadInput: a feature's function is not here.
        """
        here = {one.name for one in catalogue(self.bundle.context)}
        missing = [one for one in self.bundle.features if one.name not in here]
        if missing:
            raise _incomputable(self.bundle.name, missing)
        prepared = Prepared(self.bundle.context, lazy_tables({}, self.bundle.pipeline))
        object.__setattr__(self, "prepared", prepared)

    def at_hand(self) -> Self:
        """Return the same once no records are scored: what is made but once, nobody waits for.

        Raises:
            BadInput: the boosters cannot be asked here, see `models.trees.Trees.of`.
        """
        tables = lazy_tables({}, self.bundle.pipeline)
        nothing = {name: collect(getattr(tables, name)) for name in NAMES}
        self.score_each(nothing, pl.DataFrame(schema=ASKED))
        return self

    def score(
        self,
        tables: Tables,
        as_of: int,
        deal_ids: Sequence[str] | None = None,
        reasons: bool = False,
        trend_days: float | None = None,
        allow_later_bundle: bool = False,
        contact: bool = False,
    ) -> Scores:
        """Score the deals open at a moment, by what was known then.

        Args:
            tables: the pipeline's tables; facts known only later are not used.
            as_of: the moment (microseconds of UTC).
            deal_ids: which of them; all by default. One that is not open then is left out.
            reasons: say why as well.
            trend_days: score the deals so long before as well, for the trend.
            allow_later_bundle: score a past moment with a bundle that has seen what came after.
            contact: score the deals as they would stand after a week's contact as well.

        Raises:
            BadInput: the bundle has learned from what came after as_of, and that is not allowed.
        """
        if not allow_later_bundle:
            self.check_honest(as_of)
        known, dated = tables.known_by(as_of), self.bundle.dated
        snapshots = open_snapshots(known, as_of) if dated else first_snapshots(known, closed=False)
        if deal_ids is not None:
            snapshots = snapshots.filter(nw.col("deal_id").is_in(deal_ids))
        if trend_days is not None and dated:
            snapshots = _with_earlier(known, snapshots, as_of - round(trend_days * DAY))
        asked, context = collect(snapshots), self.bundle.context
        # many a deal is asked for once it has ended: that is to cost nothing
        rows = compute(known, known.put(asked), context) if len(asked) else no_rows(context)
        said = told(known, self.bundle, rows, self._threads(rows))
        scores = self._scores(rows, *said, as_of, with_trend=trend_days is not None)
        if contact:
            scores = replace(scores, answered=self._answered(known, scores.rows, as_of))
        if reasons:
            return replace(scores, why=self.bundle.explain(scores.rows, self.threads))
        return scores

    def score_each(
        self, frames: Mapping[str, pl.DataFrame], asked: pl.DataFrame, crowd: bool = False
    ) -> Scores:
        """Score deals held in memory, each at a moment of its own, as `score` would do each.

        It is not looked after whether the bundle has learned from what came after; see
        `check_honest`.

        Args:
            frames: the contract's tables, with the fixed attributes as columns of `deals`.
            asked: see `ASKED`, each deal once. One that is not open then is left out.
            crowd: whether several ask at once, so that other workers are as busy as this one.
        """
        dated = self.bundle.dated
        snapshots = open_among(frames["deals"], asked, dated)
        earlier = snapshots.drop_nulls("trend_days") if dated else snapshots.clear()
        if len(earlier):
            before = (pl.col("trend_days") * DAY).round().cast(pl.Int64)
            earlier = earlier.with_columns(as_of=pl.col("as_of") - before)
            earlier = open_among(frames["deals"], earlier)
        both = pl.concat([snapshots, earlier]).select("deal_id", "as_of")
        last = int(asked["as_of"].to_numpy().max(initial=0))
        with step("features"):
            rows = self.prepared.compute(frames, both)
        with step("model"):
            threads = self._threads(rows, crowd)
            said = self.bundle.curves(rows, threads), self.bundle.amounts(rows, threads)
            scores = self._scores(rows, *said, last, with_trend=len(earlier) > 0)
        each = look_up(scores.rows["deal_id"], asked)
        wanted = each["reasons"].to_numpy()
        return replace(
            scores,
            moments=each["as_of"].to_numpy(),
            why=self._why(scores.rows, wanted, self._share(crowd)) if wanted.any() else None,
        )

    def _scores(
        self, rows: pl.DataFrame, curves: Curves, amounts: Array, as_of: int, with_trend: bool
    ) -> Scores:
        """Tell what the bundle said of feature rows; of two of one deal the newer is told."""
        said = Scores(
            rows=rows,
            curves=curves,
            as_of=as_of,
            horizons_days=self.bundle.horizons_days,
            grades=self.bundle.pipeline.grades,
            amounts=amounts,
        )
        if not with_trend:
            return said
        newest = pl.col("as_of") == pl.col("as_of").max().over("deal_id")
        new = rows.select(new=newest)["new"].to_numpy()
        before = rows.filter(~new).select("deal_id", p_won=curves.take(~new).won_by(math.inf))
        return replace(said.take(new), earlier=before, moments=None)

    def _threads(self, rows: pl.DataFrame, crowd: bool = False) -> int:
        """Return how many threads are worth waking for some rows."""
        return self._share(crowd) if len(rows) >= _MANY else 1

    def _share(self, crowd: bool) -> int:
        return max(1, self.threads // self.workers) if crowd else self.threads

    def _answered(self, known: Tables, rows: pl.DataFrame, as_of: int) -> Curves | None:
        """Return the deals' curves had they just been in contact; None if nothing tells them.

        A baseline knows nothing of contacts, nor does a bundle of deals without activities.
        """
        kinds = self.bundle.context.kinds
        if not (self.bundle.dated and self.bundle.serves == "model" and kinds) or rows.is_empty():
            return None
        asked = known.put(rows.select("deal_id", "as_of"))
        contact = with_contact(known, rows["deal_id"], as_of, kinds)
        then = compute(contact, asked, self.bundle.context)
        ordered = rows.select("deal_id").join(then, on="deal_id", maintain_order="left")
        return self.bundle.curves(ordered.select(then.columns), self.threads)

    def _why(
        self, rows: pl.DataFrame, wanted: np.ndarray, threads: int
    ) -> list[Explanation | None]:
        told = iter(self.bundle.explain(rows.filter(wanted), threads))
        return [next(told) if one else None for one in wanted]

    def check_honest(self, as_of: int) -> None:
        """Refuse a moment whose sequel the bundle has learned from.

        Raises:
            BadInput: it is before the bundle's.
        """
        if self.bundle.as_of > as_of:
            raise BadInput(
                f"the bundle {self.bundle.name} has learned from what came later",
                field="as_of",
                value=iso(as_of),
                allowed=f"{iso(self.bundle.as_of)} or later",
                remedy="train a bundle as of then; or, to look at and never to judge by, "
                "--allow-later-bundle, in a request allow_later_bundle",
            )


def _incomputable(bundle: str, missing: list[Feature]) -> BadInput:
    files = sorted({one.origin for one in missing} - {""})
    remedy = "train it again"
    if files:
        remedy = f"bring {', '.join(files)} into this workspace, or train without"
    return BadInput(
        "a bundle that needs features which are not computed here",
        field="bundle",
        value=bundle,
        allowed="bundles whose features are all in the catalogue",
        remedy=f"{remedy}; missing: {', '.join(one.name for one in missing)}"[:300],
    )


def _with_earlier(known: Tables, snapshots: Frame, moment: int) -> Frame:
    """Add the snapshots of the same deals at an earlier moment, of those that were open then.

    Both ends of a trend are told by one bundle, though it knows what came after the earlier one:
    a trend shows how the deal moved, not what was said of it then, and between two bundles scores
    move of themselves. That a bundle may not score its own past guards forecasts and what they
    are judged by; nothing is judged by this.
    """
    earlier = open_snapshots(known, moment).join(snapshots, on="deal_id", how="semi")
    return nw.concat([snapshots, earlier])
