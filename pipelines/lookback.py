"""Look back at forecasts: freeze the pipeline in past quarters, forecast each, and see what came.

A quarter is forecast three times, when its weeks 1, 4 and 8 are over, by a model that was fitted
when its first week was. So each forecast is made of what was known then, and of nothing later.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final

import polars as pl

from data.contract import TABLES, Pipeline
from data.errors import NotReady
from data.moments import DAY, iso_date
from data.tables import Tables
from features.catalogue import Family
from models.boosting import Settings as Fitting
from models.bundle import Bundle
from pipelines.train import bundled
from serving.desk.about import FORECAST
from serving.desk.build import LOOKBACK, Desk, build
from serving.desk.deals import known_deals
from serving.desk.outlook import Outlook, outlook
from serving.desk.view import View
from serving.insights.money import Exchange
from serving.insights.period import Kind, Period, period_of
from serving.insights.scope import Scope
from serving.scorer import Scorer
from training.fit import fit
from training.forecasts import STAGE

WEEKS: Final = (1, 4, 8)

Told = Callable[[str], None]


@dataclass(frozen=True)
class Lookback:
    """How to look back.

    Attributes:
        quarters: how many finished quarters.
        fitting: how models are fitted.
        seed: of them.
        teams: forecast each team as well as the whole.
        shocks: forecast also without the shared shock.
    """

    quarters: int = 8
    fitting: Fitting = field(default_factory=Fitting)
    seed: int = 0
    teams: bool = False
    shocks: bool = False


def look_back(
    tables: Tables,
    pipeline: Pipeline,
    how: Lookback,
    told: Told = lambda _: None,
    custom: tuple[Family, ...] = (),
) -> pl.DataFrame:
    """Forecast past quarters and their months and weeks, the first first.

    Returns:
        The columns of `LOOKBACK`, with team (null for the whole), week (of the quarter), ends_at,
        shock (`fitted`, as it is told, or `none`), from_new, crps, and what each
        baseline said: stage_weighted, commit, handbook_amount, handbook_deals.

    Raises:
        NotReady: too little history before the quarters.
    """
    end = tables.last_recorded()
    came = _priced(tables, pipeline, end)
    seen: list[dict[str, Any]] = []
    for quarter in _quarters(end, how.quarters):
        fitted_at = quarter.starts_at + 7 * DAY
        told(f"{quarter.name}: the model as of {iso_date(fitted_at)}")
        bundle = _bundle(tables.known_by(fitted_at), pipeline, fitted_at, how, custom)
        scorer = Scorer(bundle, how.fitting.threads)
        for week in WEEKS:
            at = quarter.starts_at + week * 7 * DAY
            desk = _desk(tables, pipeline, scorer, at, seen)
            seen += _rows(desk, week, came, how)
            told(f"{quarter.name}: forecast after week {week}")
    return pl.DataFrame(seen, infer_schema_length=None)


def kept(found: pl.DataFrame) -> pl.DataFrame:
    """Return of `look_back` what a desk keeps."""
    whole = found.filter(pl.col("team").is_null(), pl.col("shock") == "fitted")
    return whole.select(pl.col(name).cast(kind) for name, kind in LOOKBACK.items())


def _quarters(end: int, count: int) -> list[Period]:
    """Return the last quarters that were over before a moment, the first first."""
    found, quarter = [], period_of("quarter", end)
    for _ in range(count):
        quarter = quarter.before()
        found.append(quarter)
    return found[::-1]


def _priced(tables: Tables, pipeline: Pipeline, end: int) -> pl.DataFrame:
    """Return the won deals as they are known in the end, with their value."""
    deals = known_deals(tables, end, pipeline)
    exchange = Exchange.of(deals, pipeline.currency, pipeline.practice.rates)
    won = deals.filter(pl.col("outcome") == "won")
    return won.with_columns(value=pl.col("amount") * exchange.rate(won, "closed_at"))


def _bundle(
    known: Tables, pipeline: Pipeline, at: int, how: Lookback, custom: tuple[Family, ...]
) -> Bundle:
    fitted = fit(known, pipeline, at, how.fitting, how.seed, custom=custom)
    if fitted.model is None:
        raise NotReady(
            f"too little history before {iso_date(at)} to look back at",
            field="quarters",
            value=how.quarters,
            remedy="ask for fewer quarters",
        )
    card = {
        "pipeline": fitted.pipeline.model_dump(mode="json"),
        "as_of_moment": at,
        "horizons_days": list(fitted.pace.horizons_days),
        "serves": "model",
        "baseline": STAGE,
        "amounts": "current" if fitted.amount.bag is None else "model",
    }
    return bundled(fitted, card)


def _desk(
    tables: Tables, pipeline: Pipeline, scorer: Scorer, at: int, seen: Sequence[dict[str, Any]]
) -> Desk:
    """Build the desk of a past moment; its shock is fitted on forecasts that were over by then."""
    over = [one for one in seen if one["ends_at"] <= at]
    past = kept(pl.DataFrame(over, infer_schema_length=None)) if over else None
    scores = scorer.score(tables, at)
    return build(tables, scorer.bundle, scores, pipeline, TABLES["targets"].empty(), past)


def _rows(desk: Desk, week: int, came: pl.DataFrame, how: Lookback) -> Iterator[dict[str, Any]]:
    teams: list[str | None] = [None]
    if how.teams:
        teams += desk.deals["team"].drop_nulls().unique().sort().to_list()
    for team in teams:
        scope = Scope() if team is None else Scope(team=(team,))
        for shock, one in _variants(desk, how).items():
            view = View(one, asked=scope)
            for kind in FORECAST if team is None else ("quarter",):
                told = outlook(view, kind)
                yield _row(told, kind, desk.about.as_of, scope.of(came)) | {
                    "team": team,
                    "week": week,
                    "shock": shock,
                }


def _variants(desk: Desk, how: Lookback) -> dict[str, Desk]:
    if not how.shocks:
        return {"fitted": desk}
    none = desk.about.model_copy(update={"shocks": dict.fromkeys(FORECAST, 0.0)})
    return {"fitted": desk, "none": replace(desk, about=none)}


def _row(told: Outlook, kind: Kind, at: int, won: pl.DataFrame) -> dict[str, Any]:
    period, said = told.period, told.forecast
    inside = pl.col("closed_at").is_between(period.starts_at, period.ends_at, closed="left")
    came = float(won.filter(inside)["value"].sum())
    return {
        "as_of": at,
        "kind": kind,
        "ends_at": period.ends_at,
        "won": said.won,
        "expected": said.expected,
        "low": said.low,
        "high": said.high,
        "sd": said.sd,
        "came": came,
        "from_new": said.from_new,
        "crps": said.crps(came),
        **asdict(told.baselines),
    }
