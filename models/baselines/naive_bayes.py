"""Naive Bayes on a deal's words, as Odoo's lead scoring does it."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import polars as pl

from data.errors import NotReady
from features.context import Context
from models.baselines.lead_scoring import LeadScoring
from models.curve import WON, Curves
from models.sample import Sample


@dataclass(frozen=True)
class NaiveBayes:
    """Lead scoring of feature rows: stage, team where there is one, source, product, fixed words.

    It does not say when.
    """

    scoring: LeadScoring

    @classmethod
    def fit(cls, past: Sample, context: Context) -> Self:
        """Count each deal that is closed by now once, by the last snapshot before its closing.

        Raises:
            NotReady: no deal is won yet, or none lost; or there are no stages, whose first is
                what Odoo counts all deals by.
        """
        if not context.stages:
            raise NotReady("the pipeline has no stages")
        fields = ("source", "product", *context.texts)
        outcome = pl.Series(np.where(past.cause == WON, "won", "lost"))
        words = _with_team(past.rows).select("deal_id", "as_of", "team", "stage", *fields)
        closed = words.with_columns(outcome=outcome).filter(pl.Series(past.days <= past.seen))
        deals = closed.sort("as_of").unique("deal_id", keep="last", maintain_order=True)
        if deals["outcome"].n_unique() < 2:
            raise NotReady("no deal is won yet, or none is lost")
        return cls(LeadScoring.fit(deals, context.stages, fields))

    def curves(self, rows: pl.DataFrame, threads: int = 1) -> Curves:
        """Return undated curves of feature rows."""
        return Curves.undated(self.scoring.percent(_with_team(rows)) / 100)


def _with_team(rows: pl.DataFrame) -> pl.DataFrame:
    return rows if "team" in rows.columns else rows.with_columns(team=pl.lit(None, pl.String))
