"""Odoo's predictive lead scoring: naive Bayes over the values of won and of lost leads.

As the `crm` add-on computes it, without its tags and its grades of phone and e-mail, which the
contract does not have.
"""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import polars as pl

from models.curve import Array

_START: Final = 0.1
"""In every cell of the frequency table, so that nothing is impossible."""
_CELL: Final = ("team", "field", "value")


@dataclass(frozen=True)
class LeadScoring:
    """A frequency table of won and lost leads by team, field and value.

    Attributes:
        fields: the fields beside the stage.
        frequencies: team, field, value, won, lost; rows without a team pool all teams.
        priors: team, won, lost: the counts of the first stage.
        won_stage: the stage in which a lead is as good as won.
    """

    fields: tuple[str, ...]
    frequencies: pl.DataFrame
    priors: pl.DataFrame
    won_stage: str | None

    @classmethod
    def fit(
        cls,
        leads: pl.DataFrame,
        stages: tuple[str, ...],
        fields: tuple[str, ...],
        won_stage: str | None = None,
    ) -> Self:
        """Count the values of closed leads.

        A won lead counts in every stage, a lost one in each up to that in which it was lost.

        Args:
            leads: columns team, stage, outcome (open, won or lost) and the fields, all words;
                empty values are not counted.
            stages: the ladder, first stage first.
            fields: the fields beside the stage.
            won_stage: the stage in which a lead is as good as won.
        """
        closed = leads.filter(pl.col("outcome") != "open").select(
            *("team", "stage", *fields),
            won=(pl.col("outcome") == "won").cast(pl.Int64),
            lost=(pl.col("outcome") == "lost").cast(pl.Int64),
        )
        counted = pl.concat([_passed(closed, stages), _long(closed, fields)])
        by_team = counted.group_by(_CELL).agg(pl.col("won", "lost").sum() + _START)
        pooled = by_team.group_by("field", "value").agg(pl.col("won", "lost").sum())
        pooled = pooled.with_columns(team=pl.lit(None, pl.String)).select(by_team.columns)
        frequencies = pl.concat([by_team.filter(pl.col("team").is_not_null()), pooled])
        first = (pl.col("field") == "stage") & (pl.col("value") == stages[0])
        priors = frequencies.filter(first).select("team", "won", "lost")
        return cls(fields, frequencies, priors, won_stage)

    def percent(self, leads: pl.DataFrame) -> Array:
        """Return the probability to be won in percent, [n], with two digits.

        P = S_won / (S_won + S_lost), where S_won = W / (W + L) · Π won(f, v) / Σ won(f, ·) over the
        fields; S_lost likewise; W and L are the counts of the first stage, which also stand for
        the stage's sums. A value never seen is passed over.
        """
        known = pl.col("team").is_in(self.priors["team"].drop_nulls().implode())
        asked = leads.with_columns(team=pl.when(known).then("team")).with_row_index("lead")
        found = _long(asked, ("stage", *self.fields), "lead").join(
            self._factors(), on=_CELL, nulls_equal=True
        )
        odds = found.group_by("lead").agg(pl.col("factor").sum())
        prior = self.priors.select("team", prior=(pl.col("won") / pl.col("lost")).log())
        scored = (
            asked.join(prior, on="team", how="left", nulls_equal=True)
            .join(odds, on="lead", how="left", maintain_order="left")
            .sort("lead")
        )
        log_odds = (scored["prior"] + scored["factor"].fill_null(0.0)).to_numpy()
        percent = np.clip(np.round(100 / (1 + np.exp(-log_odds)), 2), 0.01, 99.99)
        as_good_as_won = pl.col("stage") == pl.lit(self.won_stage, pl.String)
        sure = leads.select(as_good_as_won.fill_null(value=False)).to_numpy()[:, 0]
        return np.where(sure, 100.0, percent)

    def _factors(self) -> pl.DataFrame:
        """Return what each value adds to the log-odds: team, field, value, factor."""
        sums = self.frequencies.group_by("team", "field").agg(pl.col("won", "lost").sum())
        stage = self.priors.with_columns(field=pl.lit("stage")).select(
            "team", "field", "won", "lost"
        )
        totals = pl.concat([sums.filter(pl.col("field") != "stage"), stage])
        both = self.frequencies.join(totals, on=["team", "field"], nulls_equal=True, suffix="_sum")
        share = {side: pl.col(side) / pl.col(f"{side}_sum") for side in ("won", "lost")}
        return both.select(*_CELL, factor=(share["won"] / share["lost"]).log())


def _long(leads: pl.DataFrame, fields: tuple[str, ...], *index: str) -> pl.DataFrame:
    """Return a row per lead and field that is filled: team, field, value, and the counts."""
    kept = index or ("won", "lost")
    long = leads.unpivot(
        on=fields, index=("team", *kept), variable_name="field", value_name="value"
    )
    return long.drop_nulls("value").select(*_CELL, *kept)


def _passed(closed: pl.DataFrame, stages: tuple[str, ...]) -> pl.DataFrame:
    """Return a row per lead and stage that it counts in, as `_long` does."""
    ladder = pl.DataFrame({"value": stages, "place": range(len(stages))})
    own = closed.join(ladder, left_on="stage", right_on="value", how="left")
    every = own.rename({"place": "reached"}).join(ladder, how="cross")
    counts = (pl.col("won") == 1) | (pl.col("place") <= pl.col("reached"))
    return every.filter(counts).select(
        "team", pl.lit("stage").alias("field"), "value", "won", "lost"
    )
