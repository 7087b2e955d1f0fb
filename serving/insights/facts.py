"""What the desk reads of each open deal beside its score: facts as known at a moment."""

from collections.abc import Iterator
from typing import Final

import narwhals as nw
import polars as pl

from data.contract import Pipeline
from data.listing import Signal
from data.moments import DAY
from data.tables import Tables, collect

_STATED: Final = "expected_close_at"
_KEY_ROLES: Final = ("decision_maker", "economic_buyer")
_OWN: Final = pl.col("direction").fill_null("out") == "out"
"""What the seller began; an activity without a direction is one that the seller wrote down."""


def facts(tables: Tables, as_of: int, pipeline: Pipeline) -> pl.DataFrame:
    """Return what is known of the deals open at a moment.

    Args:
        tables: the pipeline's tables; facts known only later are not used.
        as_of: the moment (microseconds of UTC).
        pipeline: its settings; `desk` names the attributes that are signs.

    Returns:
        A row per open deal, sorted by deal_id. Moments: created_at, stage_at, changed_at,
        last_in_at, last_out_at, planned_at, stated_close_at, first_stated_close_at; days by
        which the stated close was pushed last (pushed_days) and how often (pushes); amounts
        first_amount and most_amount; how many things the seller did (done_out) and how many
        people of each kind are known (contacts, key_people); last_in_kind, planned_kind,
        waiting_item; role, source, product, account_id, industry; cost; and sign_<name> for
        each sign, true, false or null where unknown.
    """
    known = tables.known_by(as_of)
    deals = _deals(known)
    ids = known.put(deals.select("deal_id"))

    def of_open(frame: nw.LazyFrame[pl.LazyFrame]) -> pl.DataFrame:
        return collect(frame.join(ids, on="deal_id", how="semi"))

    changes, activities = of_open(known.changes), of_open(known.activities)
    checklist, contacts = of_open(known.checklist), of_open(known.contacts)
    told = [
        _moves(changes),
        _touches(activities),
        _promises(activities),
        _people(contacts),
        _milestones(checklist, changes),
        _signs(known, pipeline, changes, checklist),
    ]
    for one in told:
        deals = deals.join(one, on="deal_id", how="left", maintain_order="left")
    counts = ("done_out", "contacts", "key_people", "pushes")
    return deals.with_columns(pl.col(counts).fill_null(0)).sort("deal_id")


def _deals(known: Tables) -> pl.DataFrame:
    columns = ("deal_id", "created_at", "account_id", "source", "product")
    deals = collect(known.deals.filter(nw.col("outcome") == "open").select(columns))
    accounts = collect(known.accounts.select("account_id", "industry"))
    return deals.join(accounts, on="account_id", how="left")


def _moves(changes: pl.DataFrame) -> pl.DataFrame:
    """Tell what fields did: since when the stage holds, how the amount and the date moved."""
    ordered = changes.sort("at", "recorded_at", "seq")
    stated = ordered.filter(pl.col("field") == _STATED).drop_nulls("number")
    push = (pl.col("number") - pl.col("number").shift(1)) / DAY
    amounts = ordered.filter(pl.col("field") == "amount")
    of = [
        ordered.group_by("deal_id").agg(changed_at=pl.max("at")),
        ordered.filter(pl.col("field") == "stage").group_by("deal_id").agg(stage_at=pl.last("at")),
        stated.group_by("deal_id").agg(
            stated_close_at=pl.last("number").cast(pl.Int64),
            first_stated_close_at=pl.first("number").cast(pl.Int64),
            pushes=(push > 0).sum().cast(pl.Int64),
            pushed_days=push.filter(push > 0).last(),
        ),
        amounts.group_by("deal_id").agg(
            first_amount=pl.first("number"), most_amount=pl.max("number")
        ),
    ]
    told = of[0]
    for one in of[1:]:
        told = told.join(one, on="deal_id", how="left")
    return told


def _touches(activities: pl.DataFrame) -> pl.DataFrame:
    done = activities.filter(pl.col("status") == "done").sort("at", "seq", "activity_id")
    own = done.filter(_OWN).group_by("deal_id")
    heard = done.filter(~_OWN).group_by("deal_id")
    told = own.agg(last_out_at=pl.max("at"), done_out=pl.len().cast(pl.Int64))
    said = heard.agg(last_in_at=pl.max("at"), last_in_kind=pl.last("kind"))
    return told.join(said, on="deal_id", how="full", coalesce=True)


def _promises(activities: pl.DataFrame) -> pl.DataFrame:
    """Tell the last step planned after which nothing was done."""
    planned = activities.filter(pl.col("status").is_in(["planned", "started"]))
    done = activities.filter(pl.col("status") == "done").group_by("deal_id").agg(d=pl.max("at"))
    due = planned.join(done, on="deal_id", how="left").filter(
        pl.col("d").is_null() | (pl.col("at") > pl.col("d"))
    )
    last = due.sort("at", "activity_id").group_by("deal_id")
    return last.agg(planned_at=pl.last("at"), planned_kind=pl.last("kind"))


def _people(contacts: pl.DataFrame) -> pl.DataFrame:
    key = pl.col("role").is_in(_KEY_ROLES)
    return contacts.group_by("deal_id").agg(
        contacts=pl.len().cast(pl.Int64), key_people=key.fill_null(False).sum().cast(pl.Int64)
    )


def _milestones(checklist: pl.DataFrame, changes: pl.DataFrame) -> pl.DataFrame:
    """Tell the first item of the stage that still waits."""
    ordered = changes.filter(pl.col("field") == "stage").sort("at", "recorded_at", "seq")
    stage = ordered.group_by("deal_id").agg(stage_now=pl.last("value"))
    waiting = _states(checklist).filter(pl.col("status") == "W").join(stage, on="deal_id")
    here = waiting.filter(pl.col("stage").is_null() | (pl.col("stage") == pl.col("stage_now")))
    return here.sort("item").group_by("deal_id").agg(waiting_item=pl.first("item"))


def _states(checklist: pl.DataFrame) -> pl.DataFrame:
    ordered = checklist.sort("at", "recorded_at", "seq")
    return ordered.group_by("deal_id", "item").agg(pl.last("status"), pl.last("stage"))


def _signs(
    known: Tables, pipeline: Pipeline, changes: pl.DataFrame, checklist: pl.DataFrame
) -> pl.DataFrame:
    """Tell the signs that the desk's settings declare, and what was spent."""
    told = collect(known.deals.filter(nw.col("outcome") == "open").select("deal_id"))
    items = _states(checklist)
    for name, sign in pipeline.desk.signals.items():
        if sign.item is not None:
            of_item = items.filter(pl.col("item") == sign.item)
            said = of_item.select("deal_id", (pl.col("status") == "C").alias(f"sign_{name}"))
        else:
            values = _values(known, pipeline, changes, str(sign.attribute))
            said = values.select("deal_id", _says(sign).alias(f"sign_{name}"))
        told = told.join(said, on="deal_id", how="left")
    if pipeline.desk.cost is None:
        return told.with_columns(cost=pl.lit(None, pl.Float64))
    spent = _values(known, pipeline, changes, pipeline.desk.cost)
    spent = spent.select("deal_id", cost=pl.col("value").cast(pl.Float64, strict=False))
    return told.join(spent, on="deal_id", how="left")


def _says(sign: Signal) -> pl.Expr:
    if sign.words:
        return pl.col("value").is_in(sign.words)
    return pl.col("value").cast(pl.Float64, strict=False) >= sign.at_least


def _values(known: Tables, pipeline: Pipeline, changes: pl.DataFrame, name: str) -> pl.DataFrame:
    """Return deal_id and value, as text, of an attribute, or of none that the deals have."""
    attribute = pipeline.attributes.get(name)
    if attribute is not None and attribute.policy == "fixed":
        column = nw.col(name).cast(nw.String)
        return collect(known.deals.select("deal_id", value=column)).drop_nulls()
    said = changes.filter(pl.col("field") == name).sort("at", "recorded_at", "seq")
    return said.group_by("deal_id").agg(pl.last("value")).drop_nulls()


def usual_stays(tables: Tables, as_of: int) -> pl.DataFrame:
    """Return what is usual of each stage: how long deals stay, and how long nothing happens.

    Stays that go on count as at least so long (Kaplan and Meier 1958), else slow stages would
    look quick. A gap lies between two facts of a deal: activities done or changes.

    Returns:
        stage, stay_median, stay_p90, gap_median, gap_p90 in days; null where too few have left.
    """
    known = tables.known_by(as_of)
    changes = collect(known.changes.select("deal_id", "field", "at", "recorded_at", "seq", "value"))
    lives = collect(known.deals.select("deal_id", "closed_at"))
    done = collect(known.activities.filter(nw.col("status") == "done").select("deal_id", "at"))
    stages = changes.filter(pl.col("field") == "stage").sort("at", "recorded_at", "seq")
    visits = (
        stages.with_columns(next=pl.col("at").shift(-1).over("deal_id"))
        .join(lives, on="deal_id", how="left")
        .select(
            stage="value",
            days=(pl.coalesce("next", "closed_at", pl.lit(as_of)) - pl.col("at")) / DAY,
            left=pl.coalesce("next", "closed_at").is_not_null(),
        )
        .filter(pl.col("days") >= 0)
    )
    stays = pl.DataFrame(list(_stays(visits)), schema=_STAYS, orient="row")
    return stays.join(_gaps(done, changes, stages), on="stage", how="left").sort("stage")


_STAYS: Final = {"stage": pl.String, "stay_median": pl.Float64, "stay_p90": pl.Float64}


def _stays(visits: pl.DataFrame) -> Iterator[tuple[str, float | None, float | None]]:
    for (stage,), rows in visits.drop_nulls("stage").group_by("stage", maintain_order=True):
        ordered = rows.sort("days", "left", descending=[False, True])
        at_risk = pl.int_range(pl.len(), 0, -1, dtype=pl.Int64)
        stays = (1.0 - pl.col("left").cast(pl.Float64) / at_risk).cum_prod()
        curve = ordered.select("days", stays=stays)

        def reached(share: float, curve: pl.DataFrame = curve) -> float | None:
            found: float | None = curve.filter(pl.col("stays") <= 1.0 - share)["days"].min()  # type: ignore[assignment]
            return found

        yield str(stage), reached(0.5), reached(0.9)


def _gaps(done: pl.DataFrame, changes: pl.DataFrame, stages: pl.DataFrame) -> pl.DataFrame:
    happened = pl.concat([done, changes.select("deal_id", "at")]).unique().sort("at")
    moved = stages.select("deal_id", "at", stage="value").sort("at")
    placed = happened.join_asof(moved, on="at", by="deal_id", check_sortedness=False)
    gaps = placed.sort("deal_id", "at").with_columns(
        gap=(pl.col("at").shift(-1).over("deal_id") - pl.col("at")) / DAY
    )
    return (
        gaps.drop_nulls()
        .group_by("stage")
        .agg(gap_median=pl.median("gap"), gap_p90=pl.quantile("gap", 0.9))
    )


def reply_rates(tables: Tables, as_of: int, days: float = 3.0) -> pl.DataFrame:
    """Return how often each kind of what a seller does was followed by the customer's word.

    Args:
        tables: the pipeline's tables.
        as_of: the moment; what is not yet so many days old is not counted.
        days: how soon the customer answered.

    Returns:
        deal_id (null: of all deals), kind, tries, replies.
    """
    known = tables.known_by(as_of)
    rows = collect(
        known.activities.filter(nw.col("status") == "done").select(
            "deal_id", "at", "kind", "direction"
        )
    ).sort("at")
    heard = rows.filter(~_OWN).select("deal_id", "at", heard_at="at")
    tried = rows.filter(_OWN & (pl.col("at") <= as_of - int(days * DAY)))
    answered = tried.join_asof(
        heard, on="at", by="deal_id", strategy="forward", check_sortedness=False
    ).with_columns(reply=(pl.col("heard_at") - pl.col("at") <= days * DAY).fill_null(False))
    counted = {"tries": pl.len().cast(pl.Int64), "replies": pl.col("reply").sum().cast(pl.Int64)}
    each = answered.group_by("deal_id", "kind").agg(**counted)
    all_deals = answered.group_by("kind").agg(**counted)
    return pl.concat(
        [all_deals.select(pl.lit(None, pl.String).alias("deal_id"), *all_deals.columns), each]
    )
