"""The scorer: tables and a moment in, scores out; for batch, list and request alike."""

from collections.abc import Sequence
from dataclasses import dataclass

import narwhals as nw

from data.errors import BadInput
from data.moments import iso
from data.tables import Tables
from features.compute import compute
from features.snapshots import first_snapshots, open_snapshots
from models.bundle import Bundle
from serving.scores import Scores


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
            grades=self.bundle.pipeline.grades,
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
