"""Build a desk: everything that pages read of a pipeline at a moment, as frames."""

from dataclasses import dataclass
from typing import Final

import polars as pl

from data.contract import TABLES, Pipeline
from data.moments import DAY, now
from data.tables import Tables
from models.bundle import Bundle
from serving.desk.about import FORECAST, About, ends_of, won_by
from serving.desk.deals import known_deals
from serving.desk.spells import SCOPED, reached, stage_spells
from serving.desk.work import sellers, work_done
from serving.insights.arrivals import Arrivals
from serving.insights.baselines import stage_rates
from serving.insights.money import Exchange, unpriced
from serving.insights.period import period_of
from serving.insights.shock import LEAST, fit_shock, replayed
from serving.scores import Scores

_WEEK: Final = 7.0
LOOKBACK: Final = {
    "as_of": pl.Int64,
    "kind": pl.String,
    "won": pl.Float64,
    "expected": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "sd": pl.Float64,
    "came": pl.Float64,
}
"""What is kept of past forecasts: what was said of a period, and what it came to be."""


@dataclass(frozen=True)
class Desk:
    """A pipeline at a moment.

    Attributes:
        about: its head.
        deals: every deal as people know it, see `known_deals`, with value and opened_value
            (amounts in the pipeline's currency, as margin is), committed, first_of_account,
            reached_0 … (see `reached`), entered_at (of the stage), and of open ones score, grade,
            p_won (in the end), p_won_<days>, won_by_<moment>, close_median, close_from, close_to,
            value_at_close.
        spells: stays in stages, see `stage_spells`.
        work: activities by owner, kind and day.
        followed: accounts by owner and week.
        then: how deals stood a window ago, by kind of period, see `insights.baselines`.
        sellers: the sellers.
        targets: the contract's targets.
        said: what was said of deals at each desk so far: as_of, deal_id, p_won.
        lookback: past forecasts against what came, see `LOOKBACK`.
        earlier: the deals of an earlier desk that the forecast has walked from; none at first.
        earlier_about: the head of that desk.
    """

    about: About
    deals: pl.DataFrame
    spells: pl.DataFrame
    work: pl.DataFrame
    followed: pl.DataFrame
    then: pl.DataFrame
    sellers: pl.DataFrame
    targets: pl.DataFrame
    said: pl.DataFrame
    lookback: pl.DataFrame
    earlier: pl.DataFrame | None = None
    earlier_about: About | None = None


def build(
    tables: Tables,
    bundle: Bundle,
    scores: Scores,
    pipeline: Pipeline,
    targets: pl.DataFrame | None = None,
    lookback: pl.DataFrame | None = None,
) -> Desk:
    """Build a desk from what is known at the scores' moment, and nothing later.

    Args:
        tables: the pipeline's tables.
        bundle: what scored.
        scores: of all deals open at the moment.
        pipeline: its settings.
        targets: the contract's targets.
        lookback: past forecasts against what came.
    """
    as_of, ladder = scores.as_of, pipeline.stages or bundle.context.stages
    pipeline = pipeline.model_copy(update={"stages": tuple(ladder)})
    known = known_deals(tables, as_of, pipeline)
    exchange = Exchange.of(known, pipeline.currency, pipeline.practice.rates)
    priced = _priced(known, exchange, pipeline, as_of)
    spells = stage_spells(tables, as_of, known)
    deals = _scored(reached(spells, priced, ladder), spells, scores)
    arrivals = Arrivals.fit(deals, as_of)
    work, followed = work_done(tables, as_of, deals)
    lookback = pl.DataFrame(schema=LOOKBACK) if lookback is None else lookback
    counts = [len(lookback.filter(kind=kind)) for kind in FORECAST]
    about = About(
        pipeline=pipeline.name,
        as_of=as_of,
        created_at=now(),
        bundle=bundle.name,
        serves=bundle.serves,
        serving=bundle.serving,
        dated=bundle.dated,
        won_word=pipeline.won_word,
        stages=pipeline.stages,
        horizons_days=scores.horizons_days,
        ends=ends_of(as_of),
        currency=exchange.base,
        unpriced=tuple((u.currency, u.deals, u.amount) for u in unpriced(priced)),
        practice=pipeline.practice,
        spread=tuple(bundle.amount.spread.tolist()),
        shocks={
            kind: _shock(kind, deals, spells, as_of, lookback) if bundle.dated else 0.0
            for kind in FORECAST
        },
        shocks_from="backtests" if min(counts) >= LEAST else "stages",
        won_by=tuple(arrivals.won_by.tolist()),
        stage_rates=dict(stage_rates(deals, spells, as_of).sort("stage").iter_rows()),
        won_mean=arrivals.amount,
        won_square=arrivals.square,
    )
    eventually = scores.eventually().select("deal_id", "p_won", as_of=pl.lit(as_of, pl.Int64))
    return Desk(
        about=about,
        deals=deals.drop("rate"),
        spells=spells,
        work=work,
        followed=followed,
        then=_then(tables, deals, pipeline, exchange, as_of),
        sellers=sellers(tables),
        targets=TABLES["targets"].empty() if targets is None else targets,
        said=eventually.select("as_of", "deal_id", "p_won"),
        lookback=lookback,
    )


def _priced(
    known: pl.DataFrame, exchange: Exchange, pipeline: Pipeline, as_of: int
) -> pl.DataFrame:
    """Add rate, value and committed: closed deals count at the rate of their closing."""
    at = known.with_columns(at=pl.col("closed_at").fill_null(as_of))
    committed = pl.col("commit").is_in(pipeline.practice.committed).fill_null(False)
    return known.with_columns(rate=exchange.rate(at, "at")).with_columns(
        value=pl.col("amount") * pl.col("rate"),
        opened_value=pl.col("opened_with") * pl.col("rate"),
        margin=pl.col("margin") * pl.col("rate"),
        committed=committed,
        first_of_account=pl.col("created_at") == pl.col("created_at").min().over("account_id"),
    )


def _scored(deals: pl.DataFrame, spells: pl.DataFrame, scores: Scores) -> pl.DataFrame:
    """Add to deals since when they stand in their stage, and to open ones what is said of them."""
    entered = spells.filter(pl.col("left_at").is_null()).select("deal_id", "entered_at")
    told = [scores.eventually().drop("p_lost"), scores.graded(), scores.closing()]
    told.append(scores.amount_at_close().rename({"amount_at_close": "at_close"}))
    curves = scores.curves
    days = {f"p_won_{one}": float(one) for one in scores.horizons_days}
    days |= {won_by(end): (end - scores.as_of) / DAY for end in ends_of(scores.as_of)}
    chances = {name: pl.Series(curves.won_by(one)).fill_nan(None) for name, one in days.items()}
    told.append(scores.rows.select("deal_id", **chances))
    for frame in (entered, *told):
        deals = deals.join(frame, on="deal_id", how="left", maintain_order="left")
    return deals.with_columns(value_at_close=pl.col("at_close") * pl.col("rate")).drop("at_close")


def _then(
    tables: Tables, deals: pl.DataFrame, pipeline: Pipeline, exchange: Exchange, as_of: int
) -> pl.DataFrame:
    """Return how deals stood as long ago as each period has left, and who was won since."""
    parts = []
    for kind in FORECAST:
        window = max(period_of(kind, as_of).days_left(as_of), _WEEK)
        at = as_of - round(window * DAY)
        stood = _priced(known_deals(tables, at, pipeline), exchange, pipeline, at)
        came = deals.select(
            "deal_id",
            *SCOPED,
            "value",
            won=(pl.col("outcome") == "won") & (pl.col("closed_at") <= as_of),
        )
        was_open = stood.filter(pl.col("outcome") == "open").select(
            "deal_id", "effective", "committed", value_then=pl.col("value").fill_null(0.0)
        )
        parts.append(was_open.join(came, on="deal_id").with_columns(kind=pl.lit(kind)))
    return pl.concat(parts)


def _shock(
    kind: str, deals: pl.DataFrame, spells: pl.DataFrame, as_of: int, lookback: pl.DataFrame
) -> float:
    own = lookback.filter(pl.col("kind") == kind, pl.col("came").is_not_null())
    if len(own) >= LEAST:
        said = (own["expected"] - own["won"]).to_numpy()
        return fit_shock(said, own["sd"].to_numpy(), (own["came"] - own["won"]).to_numpy())
    days = period_of("quarter" if kind == "quarter" else "month", as_of).days_left(as_of)
    seen = replayed(deals, spells, as_of, max(days, _WEEK))
    if len(seen) < LEAST:
        return 0.0
    return fit_shock(seen["said"].to_numpy(), seen["sd"].to_numpy(), seen["came"].to_numpy())
