"""The board: every open deal with all that the desk says of it, and the week's list made of it."""

from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from data.contract import Pipeline
from data.moments import monday
from data.tables import Tables, collect
from serving.insights.assignment import assign, track_record
from serving.insights.decision import decide
from serving.insights.early import WARNING, stagnation, warnings
from serving.insights.facts import facts, reply_rates, usual_stays
from serving.insights.figures import written
from serving.insights.follow_up import follow_up, unplanned
from serving.insights.priorities import List, prioritise, scored
from serving.insights.response import ASSUMPTIONS, response
from serving.insights.standing import standing
from serving.scores import Scores

_RECORDS: Final = ("source_record", "product_record")
_STAGNATION: Final = pl.Schema(
    {
        "deal_id": pl.String(),
        "stage_days": pl.Float64(),
        "usual_stage_days": pl.Float64(),
        "usual_median_days": pl.Float64(),
        "quiet_days": pl.Float64(),
        "usual_quiet_days": pl.Float64(),
        "stagnant": pl.Boolean(),
        "proposal": pl.String(),
    }
)
_DEAL: Final = ("deal_id", "title", "account", "stage", "owner_id", "owner", "team")
_NEXT: Final = ("action", "channel", "due_at", "overdue", "hours")
_TOUCH: Final = ("last_touch_at", "last_touch_kind")
_DECIDED: Final = ("decision", "decision_why", "factors", "risks", "state", "class", "effective")
_MONEY: Final = ("expected_value", "expected_profit", "cost", "cost_share")
_STILL: Final = tuple(name for name in _STAGNATION if name != "deal_id")
_LISTED: Final = (
    *("position", *_DEAL, "amount", "currency", "group", *_NEXT),
    *("value_at_stake", "expected_effect", "amount_at_close", "score", "grade", "trend"),
    *("period_end", "p_won_period"),
)
_BEHIND: Final = (
    *("close_median", "close_from", "close_to", *_TOUCH, "warnings", *_DECIDED, *_MONEY, *_STILL),
    *("stated_close_at", "explored", "swapped", "propensity", "assigned"),
)
_LEFT_OUT: Final = (
    *(*_DEAL, "amount", "currency", "why", "figure", "zh", "en", *_NEXT, "value_at_stake"),
    *("score", "grade", "warnings", *_DECIDED, "stagnant", "proposal", "propensity", "assigned"),
)


@dataclass(frozen=True)
class Weekly:
    """A week's list, and what is told once for all of it.

    Attributes:
        listed: the items, first position first.
        others: the open deals that are not listed, each with why, by deal_id.
        loads: the sellers' hours, see `serving.insights.priorities.List`.
        told: capacity, assumption, experiments and counts by reason, fit for JSON.
    """

    listed: pl.DataFrame
    others: pl.DataFrame
    loads: pl.DataFrame
    told: dict[str, Any]


def board(tables: Tables, as_of: int, pipeline: Pipeline, scores: Scores) -> pl.DataFrame:
    """Return a row per open deal, sorted by deal_id.

    The columns are those of `standing`, `facts`, `scored`, `follow_up`, `stagnation`, `decide`,
    and warnings. Where records have no dates nothing is due, stagnant or warned of.

    Args:
        tables: the pipeline's tables; facts known only later are not used.
        as_of: the moment (microseconds of UTC).
        pipeline: its settings, with the desk's.
        scores: the same deals' scores at that moment.
    """
    desk, stages = pipeline.desk, pipeline.stages
    deals = standing(tables, as_of)
    for more in (_roles(tables), facts(tables, as_of, pipeline), scored(scores, desk)):
        on = "owner_id" if "owner_id" in more.columns else "deal_id"
        how = "left" if on == "owner_id" else "inner"
        deals = deals.join(more, on=on, how=how, maintain_order="left")  # type: ignore[arg-type]
    deals = deals.with_columns(stage_place=_place(stages))
    if pipeline.dated:
        usual = usual_stays(tables, as_of)
        still = stagnation(
            deals,
            usual,
            deals.select("deal_id", "score", "p_lost_period"),
            as_of,
            pipeline.grades[2],
        )
        parts = [follow_up(deals, reply_rates(tables, as_of), desk, as_of), still]
        parts.append(warnings(deals, still, as_of))
    else:
        parts = [unplanned(deals, desk, as_of), _nothing(deals)]
    for part in parts:
        deals = deals.join(part, on="deal_id", maintain_order="left")
    records = scores.rows.select("deal_id", *(c for c in _RECORDS if c in scores.rows.columns))
    decided = decide(deals, records, desk, pipeline.grades, stages)
    return _with_spending(
        deals.join(decided, on="deal_id", maintain_order="left"), desk.cost_share
    ).sort("deal_id")


def weekly(
    tables: Tables, as_of: int, pipeline: Pipeline, scores: Scores, acted: pl.DataFrame
) -> Weekly:
    """Make the week's list of all open deals, and say whom new deals should go to.

    Args:
        tables: the pipeline's tables.
        as_of: the moment.
        pipeline: its settings.
        scores: the open deals' scores at that moment.
        acted: what people did to items before, see `serving.actions.recent`.
    """
    deals = board(tables, as_of, pipeline, scores)
    week = monday(as_of).isoformat()
    made = prioritise(deals, pipeline.desk, pipeline.name, week, as_of, acted)
    assigned = _assigned(tables, as_of, pipeline, deals, made.loads)
    horizons = [f"p_won_{days}" for days in scores.horizons_days]
    listed, others = (
        frame.join(assigned, on="deal_id", how="left", maintain_order="left")
        for frame in (made.listed, made.others)
    )
    told = {"assumption": ASSUMPTIONS[response(scores)], **_told(pipeline, made)}
    return Weekly(
        listed.select(*_LISTED, *horizons, *_BEHIND), others.select(_LEFT_OUT), made.loads, told
    )


def _roles(tables: Tables) -> pl.DataFrame:
    return collect(tables.owners.select("owner_id", "role"))


def _place(stages: tuple[str, ...]) -> pl.Expr:
    """Say how far up the ladder a deal stands, from 0 to 1; null off the ladder."""
    places = {stage: place / max(len(stages) - 1, 1) for place, stage in enumerate(stages)}
    return pl.col("stage").replace_strict(places, default=None, return_dtype=pl.Float64)


def _nothing(deals: pl.DataFrame) -> pl.DataFrame:
    """Return the columns of `stagnation` and `warnings` where nothing is known of time."""
    empty = {name: pl.lit(None, kind) for name, kind in _STAGNATION.items() if name != "deal_id"}
    empty["stagnant"] = pl.lit(value=False)
    return deals.select("deal_id", **empty, warnings=pl.lit([], pl.List(WARNING)))


def _with_spending(deals: pl.DataFrame, limit: float) -> pl.DataFrame:
    """Add the warning of money that runs ahead of the expected value."""
    share = written(100 * pl.col("cost_share"))
    said = pl.struct(
        kind=pl.lit("spending"),
        zh=pl.format("费用已达预期价值的{}%（上限{}%）", share, pl.lit(round(100 * limit))),
        en=pl.format(
            "{} % of the expected value spent (limit {} %)", share, pl.lit(round(100 * limit))
        ),
    )
    ahead = (pl.col("cost_share") > limit).fill_null(value=False)
    more = pl.when(ahead).then(pl.concat_list(said)).otherwise(pl.lit([], pl.List(WARNING)))
    return deals.with_columns(warnings=pl.concat_list("warnings", more))


def _assigned(
    tables: Tables, as_of: int, pipeline: Pipeline, deals: pl.DataFrame, loads: pl.DataFrame
) -> pl.DataFrame:
    """Return deal_id and assigned, whom each deal of nobody should go to, and why."""
    new = deals.filter(pl.col("owner_id").is_null())
    free = loads.drop_nulls("owner_id").select(
        "owner_id", "owner", free_hours=pl.col("hours_available") - pl.col("hours_used")
    )
    told = assign(new, free, track_record(tables, as_of), pipeline.desk)
    return told.select("deal_id", assigned=pl.struct(pl.exclude("deal_id")))


def _told(pipeline: Pipeline, made: List) -> dict[str, Any]:
    counts = made.others["why"].value_counts(sort=True).iter_rows()
    return {
        "capacity": made.loads.to_dicts(),
        "not_listed": dict(counts),
        "experiments": pipeline.desk.experiments.model_dump(exclude={"salt"}),
    }
