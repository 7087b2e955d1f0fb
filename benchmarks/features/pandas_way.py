"""The straightforward pandas way: `python -m benchmarks.features.pandas_way TASK OUT`.

Each question is a selection of facts, numbered within its deal by `groupby().cumcount()` and
joined to the snapshots by `merge_asof`; "in the last days" is the difference to a second such
join. What comes of no deal's own history (tallies, accounts) and what needs the value before
(amount rises) is left out.
"""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd

from benchmarks.features.task import SNAPSHOTS, context
from data.moments import DAY
from features.context import Context

NAMES = frozenset(
    [
        "stage",
        "in_stage",
        "stage_moves",
        "stage_moves_in:{}",
        "visits:{}",
        "since_stage:{}",
        "amount",
        "to_stated_close",
        "owner_changes",
        "last_kind",
        "last_status",
        "done",
        "silence",
        "done_in:{}",
        "heard",
        "no_reply",
        "heard_in:{}",
        "done:{}",
        "planned:{}",
        "since:{}",
        "contacts",
        "covered:{}",
        "confirmed",
        "failed",
    ]
)
"""The entries of the catalogue that are said here."""
Mask = Callable[[pd.DataFrame], "pd.Series[bool]"]


def main(task: Path, out: Path) -> None:
    """Compute what pandas says plainly, of all snapshots."""
    snapshots = pd.read_parquet(task / SNAPSHOTS)
    snapshots = snapshots.sort_values("as_of", ignore_index=True)
    tables = {name: _facts(task, name) for name in _COLUMNS}
    rows = snapshots[["deal_id", "as_of"]].copy()
    for name, column in _answers(snapshots, tables, context(task)):
        rows[name] = column
    out.mkdir(parents=True)
    rows.to_parquet(out / "all.parquet")


_COLUMNS = {
    "changes": ["field", "value", "number"],
    "activities": ["kind", "status", "direction"],
    "checklist": ["status"],
    "contacts": ["role"],
}


def _facts(task: Path, name: str) -> pd.DataFrame:
    columns = ["deal_id", "at", "recorded_at", *_COLUMNS[name]]
    facts = pd.read_parquet(task / f"{name}.parquet", columns=columns)
    return facts.sort_values("recorded_at", ignore_index=True)


class _Asked:
    """A selection of facts, put to the snapshots."""

    def __init__(self, snapshots: pd.DataFrame, facts: pd.DataFrame) -> None:
        self.snapshots = snapshots
        self.facts = facts.assign(n=facts.groupby("deal_id").cumcount() + 1)
        self.then = self._as_of(0)

    def _as_of(self, days: int) -> pd.DataFrame:
        asked = self.snapshots[["deal_id"]].assign(moment=self.snapshots["as_of"] - days * DAY)
        facts = self.facts
        return pd.merge_asof(asked, facts, left_on="moment", right_on="recorded_at", by="deal_id")

    def count(self) -> "pd.Series[float]":
        return self.then["n"].fillna(0)

    def count_in(self, days: int) -> "pd.Series[float]":
        return self.count() - self._as_of(days)["n"].fillna(0)

    def since(self) -> "pd.Series[float]":
        return (self.snapshots["as_of"] - self.then["at"]) * (1 / DAY)

    def held(self, column: str) -> "pd.Series[str]":
        return self.then[column]


def _answers(
    snapshots: pd.DataFrame, tables: dict[str, pd.DataFrame], words: Context
) -> Iterator[tuple[str, "pd.Series[float] | pd.Series[str]"]]:
    changes, activities = tables["changes"], tables["activities"]

    def ask(facts: pd.DataFrame) -> _Asked:
        return _Asked(snapshots, facts)

    stages = changes[changes["field"] == "stage"]
    stage = ask(stages)
    yield from (("stage", stage.held("value")), ("in_stage", stage.since()))
    yield "stage_moves", stage.count()
    yield from ((f"stage_moves_in:{days}", stage.count_in(days)) for days in words.windows)
    for word in words.stages:
        entered = ask(stages[stages["value"] == word])
        yield from ((f"visits:{word}", entered.count()), (f"since_stage:{word}", entered.since()))
    yield "amount", ask(changes[changes["field"] == "amount"]).held("number")
    stated = ask(changes[changes["field"] == "expected_close_at"]).held("number")
    yield "to_stated_close", (stated - snapshots["as_of"]) * (1 / DAY)
    yield "owner_changes", ask(changes[changes["field"] == "owner_id"]).count()
    every = ask(activities)
    yield from (("last_kind", every.held("kind")), ("last_status", every.held("status")))
    for name, since, mask in (
        ("done", "silence", activities["status"] == "done"),
        ("heard", "no_reply", activities["direction"] == "in"),
    ):
        some = ask(activities[mask])
        yield from ((name, some.count()), (since, some.since()))
        yield from ((f"{name}_in:{days}", some.count_in(days)) for days in words.windows)
    for kind in words.kinds:
        of = activities[activities["kind"] == kind]
        yield f"done:{kind}", ask(of[of["status"] == "done"]).count()
        yield f"planned:{kind}", ask(of[of["status"] == "planned"]).count()
        yield f"since:{kind}", ask(of).since()
    yield "contacts", ask(tables["contacts"]).count()
    for role in words.roles:
        people = tables["contacts"]
        yield f"covered:{role}", ask(people[people["role"] == role]).count()
    for name, status in (("confirmed", "C"), ("failed", "F")):
        items = tables["checklist"]
        yield name, ask(items[items["status"] == status]).count()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
