"""Answers from window functions, for engines that only know those: DuckDB, Spark.

Each run is a window over (deal, order); runs may build on earlier ones, so they stand in steps.
The facts are numbered, a snapshot's number is how many of them were known by then, and joining
on it reads the runs.
"""

from collections.abc import Callable
from typing import Final

import narwhals as nw

from data.moments import DAY
from data.tables import Frame
from features.history import CLEARED, History, Run
from features.timeline import ORDER

DEAL: Final = "deal_id"
_NEVER: Final = nw.lit(-(2**62), nw.Int64)
"""Stands for "has not happened" in running maxima: null would break the run on some engines."""


def answered_by_windows(
    history: History, facts: Frame, snapshots: Frame, keep: Callable[[Frame], Frame]
) -> Frame:
    """Answer every question; see `features.answers.answered`.

    `keep` holds what is read more than once: these engines would compute it again each time.
    """
    asked = snapshots.select(DEAL, "as_of")
    facts = facts.join(asked.select(DEAL).unique(), on=DEAL, how="semi")
    facts = facts.with_columns(n=_int(1)).with_columns(
        n=nw.col("n").cum_sum().over(DEAL, order_by=ORDER)
    )
    runs = keep(_runs(facts, history.runs))
    rows = _known(runs, asked, sorted({0, *(days for _, days in history.windowed.values())}))
    rows = rows.join(runs, left_on=[DEAL, "known_0"], right_on=[DEAL, "n"], how="left")
    said = {
        name: nw.col(name).fill_null(0) if run.counts else nw.col(name)
        for name, run in history.runs.items()
    }
    rows = rows.with_columns(**said)
    for days in sorted({days for _, days in history.windowed.values()}):
        within = {new: run for new, (run, back) in history.windowed.items() if back == days}
        past = runs.select(DEAL, "n", **{new: nw.col(run) for new, run in within.items()})
        rows = rows.join(past, left_on=[DEAL, f"known_{days}"], right_on=[DEAL, "n"], how="left")
        grown = {new: nw.col(run) - nw.col(new).fill_null(0) for new, run in within.items()}
        rows = rows.with_columns(**grown)
    return rows.select(DEAL, "as_of", *history.runs, *history.windowed)


def _known(runs: Frame, asked: Frame, windows: list[int]) -> Frame:
    """Return for each snapshot and window how many facts were known so many days before as_of."""
    told = runs.select(DEAL, "recorded_at", **_question(nw.lit(None), nw.lit(None)), fact=_int(1))
    moments = [
        asked.select(
            DEAL,
            recorded_at=nw.col("as_of") - days * DAY,
            **_question(nw.col("as_of"), nw.lit(days)),
            fact=_int(0),
        )
        for days in windows
    ]
    # of one moment facts come before questions: what became known just then is known
    order = nw.concat([told, *moments], how="vertical").with_columns(asks=1 - nw.col("fact"))
    run = nw.col("fact").cum_sum().over(DEAL, order_by=("recorded_at", "asks"))
    questions = order.with_columns(known=run).filter(nw.col("fact") == 0)
    numbers = {
        f"known_{days}": nw.when(nw.col("window") == days).then(nw.col("known")).max()
        for days in windows
    }
    return questions.group_by(DEAL, "as_of").agg(**numbers)


def _question(as_of: nw.Expr, window: nw.Expr) -> dict[str, nw.Expr]:
    return {"as_of": as_of.cast(nw.Int64), "window": window.cast(nw.Int64)}


def _int(number: int) -> nw.Expr:
    return nw.lit(number, nw.Int64)


def _runs(facts: Frame, asked: dict[str, Run]) -> Frame:
    """Return deal_id, n and a column per run, along each deal's facts."""
    steps: list[dict[str, nw.Expr]] = [{}, {}, {}, {}]
    for name, run in asked.items():
        _enter(steps, name, run)
    for step in filter(None, steps):
        facts = facts.with_columns(
            **{name: run.over(DEAL, order_by="n") for name, run in step.items()}
        )
    happened = {
        name: nw.when(nw.col(name) > _NEVER).then(nw.col(name) * (-1 if run.how == "first" else 1))
        for name, run in asked.items()
        if run.how in ("last", "first")
    }
    held = {
        name: _unless_cleared(name, run.column) for name, run in asked.items() if run.how == "held"
    }
    counts = [name for name, run in asked.items() if run.counts]
    return facts.select(DEAL, "recorded_at", "n", *counts, **happened, **held)


def _enter(steps: list[dict[str, nw.Expr]], name: str, run: Run) -> None:
    """Enter the windows that a run takes into the steps."""
    if run.how == "count":
        steps[0][name] = nw.when(run.where).then(_int(1)).otherwise(_int(0)).cum_sum()
    elif run.how == "last":
        steps[0][name] = _latest(run.where, nw.col("at"))
    elif run.how == "first":  # the latest of the negated times, so that NEVER serves both
        steps[0][name] = _latest(run.where, -nw.col("at"))
    elif run.how == "held":
        _enter_held(steps, name, run.where, run.column)
    else:
        held, before = f"{name}_held", f"{name}_before"
        _enter_held(steps, held, run.where, "number")
        steps[2][before] = _unless_cleared(held, "number").shift(1)
        number, then = nw.col("number"), nw.col(before)
        moved = run.where & (number > then if run.how == "rises" else number < then)
        steps[3][name] = nw.when(moved).then(_int(1)).otherwise(_int(0)).cum_sum()


def _enter_held(steps: list[dict[str, nw.Expr]], name: str, where: nw.Expr, column: str) -> None:
    """Enter the value that holds: of the fact whose time is the running maximum."""
    latest = f"{name}_at"
    steps[0][latest] = _latest(where, nw.col("at"))
    said = nw.col(column).fill_null(CLEARED[column])  # null would be filled with the one before
    holds = where & (nw.col("at") == nw.col(latest))
    steps[1][name] = nw.when(holds).then(said).fill_null(strategy="forward")


def _latest(where: nw.Expr, moment: nw.Expr) -> nw.Expr:
    return nw.when(where).then(moment).otherwise(_NEVER).cum_max()


def _unless_cleared(held: str, column: str) -> nw.Expr:
    return nw.when(nw.col(held) != CLEARED[column]).then(nw.col(held))
