"""The straightforward pandas way: `python -m benchmarks.features.pandas_way TASK OUT`.

Each question is a selection of facts, numbered within its deal by `groupby().cumcount()` and
joined to the snapshots by `merge_asof`; "in the last days" is the difference to a second such
join. What is known of owners, teams, accounts, sources and products is a `groupby().cumsum()` of
closings and spans, joined the same way. All features of the catalogue are said.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.features.task import SNAPSHOTS, context
from data.moments import DAY
from features.context import Context

Column = tuple[str, Any]


def main(task: Path, out: Path) -> None:
    """Compute all features of all snapshots."""
    snapshots = pd.read_parquet(task / SNAPSHOTS)
    snapshots = snapshots.sort_values("as_of", ignore_index=True)
    tables = {
        name: pd.read_parquet(task / f"{name}.parquet", columns=_COLUMNS[name]) for name in _COLUMNS
    }
    for name in ("changes", "activities", "checklist", "contacts"):
        tables[name] = tables[name].sort_values("recorded_at", ignore_index=True)
    rows = snapshots[["deal_id", "as_of"]].copy()
    words = context(task)
    own = _Own(snapshots, tables, words)
    for answers in (own.moves(), own.engagement(), own.people(), _others(snapshots, tables, words)):
        for name, column in answers:
            rows[name] = column
    out.mkdir(parents=True)
    rows.to_parquet(out / "all.parquet", compression="lz4", write_statistics=False)


_FACT = ["deal_id", "at", "recorded_at"]
_COLUMNS = {
    "changes": [*_FACT, "field", "value", "number"],
    "activities": [*_FACT, "kind", "status", "direction", "owner_id"],
    "checklist": [*_FACT, "status"],
    "contacts": [*_FACT, "role"],
    "deals": [
        "deal_id",
        "created_at",
        "recorded_at",
        "closed_at",
        "closed_recorded_at",
        "outcome",
        "account_id",
        "source",
        "product",
    ],
    "accounts": ["account_id", "recorded_at", "industry", "region", "employees", "revenue"],
    "owners": ["owner_id", "role", "team", "hired_at"],
}


class _Asked:
    """A selection of facts, put to moments of deals."""

    def __init__(self, moments: pd.DataFrame, facts: pd.DataFrame) -> None:
        self.moments = moments
        self.facts = facts.assign(n=facts.groupby("deal_id").cumcount() + 1)
        self.then = self._as_of(0)

    def _as_of(self, days: int) -> pd.DataFrame:
        asked = self.moments[["deal_id"]].assign(moment=self.moments["as_of"] - days * DAY)
        facts = self.facts
        return pd.merge_asof(asked, facts, left_on="moment", right_on="recorded_at", by="deal_id")

    def count(self) -> "pd.Series[float]":
        return self.then["n"].fillna(0)

    def count_in(self, days: int) -> "pd.Series[float]":
        return self.count() - self._as_of(days)["n"].fillna(0)

    def since(self) -> "pd.Series[float]":
        return (self.moments["as_of"] - self.then["at"]) * (1 / DAY)

    def held(self, column: str) -> "pd.Series[Any]":
        return self.then[column]


@dataclass
class _Own:
    """What a deal's own history says."""

    snapshots: pd.DataFrame
    tables: dict[str, pd.DataFrame]
    words: Context

    def moves(self) -> Iterator[Column]:
        changes = self.tables["changes"]
        of = {name: changes[changes["field"] == name] for name in changes["field"].unique()}
        created = self._created()
        yield "age", (self.snapshots["as_of"] - created) * (1 / DAY)
        stage = self._ask(of["stage"])
        yield from (("stage", stage.held("value")), ("in_stage", stage.since()))
        yield "stage_moves", stage.count()
        yield from self._windows("stage_moves", stage)
        for word in self.words.stages:
            entered = self._ask(of["stage"][of["stage"]["value"] == word])
            yield from (
                (f"visits:{word}", entered.count()),
                (f"since_stage:{word}", entered.since()),
            )
        yield "amount", self._ask(of["amount"]).held("number")
        for name, field, sign in (
            ("amount_rises", "amount", 1),
            ("amount_falls", "amount", -1),
            ("close_pushes", "expected_close_at", 1),
        ):
            moved = of[field].groupby("deal_id")["number"].diff() * sign > 0
            asked = self._ask(of[field][moved])
            yield name, asked.count()
            yield from self._windows(name, asked) if name == "close_pushes" else ()
        stated = self._ask(of["expected_close_at"]).held("number")
        yield "to_stated_close", (stated - self.snapshots["as_of"]) * (1 / DAY)
        yield "owner_changes", self._ask(of["owner_id"]).count()

    def engagement(self) -> Iterator[Column]:
        activities, as_of = self.tables["activities"], self.snapshots["as_of"]
        age = (as_of - self._created()) * (1 / DAY)
        every = self._ask(activities)
        yield from (("last_kind", every.held("kind")), ("last_status", every.held("status")))
        for name, since, mask in (
            ("done", "silence", activities["status"] == "done"),
            ("heard", "no_reply", activities["direction"] == "in"),
        ):
            some = self._ask(activities[mask])
            yield from ((name, some.count()), (since, some.since()))
            late = {days: some.count_in(days) for days in self.words.windows}
            yield from ((f"{name}_in:{days}", count) for days, count in late.items())
            for days, longer in zip(self.words.windows, self.words.windows[1:], strict=False):
                before = age.clip(upper=longer) - days
                trend = late[days] - (late[longer] - late[days]) * days * (1 / before)
                yield f"{name}_trend:{days}", trend.where(before >= days)
            if name == "done":
                yield "silence_working", _working_days(some.held("at"), as_of)
                stage = self._ask(_of(self.tables["changes"], "stage")).held("value")
                per_day = {word: 1 / days for word, days in self.words.gaps}
                rate = stage.map(per_day).astype(float).fillna(per_day[""])
                yield "silence_usual", some.since() * rate
        first = activities[activities["status"] == "done"].drop_duplicates("deal_id")
        yield "first_touch", age - self._ask(first).since()
        for kind in self.words.kinds:
            of = activities[activities["kind"] == kind]
            yield f"done:{kind}", self._ask(of[of["status"] == "done"]).count()
            yield f"planned:{kind}", self._ask(of[of["status"] == "planned"]).count()
            yield f"since:{kind}", self._ask(of).since()

    def people(self) -> Iterator[Column]:
        people, items = self.tables["contacts"], self.tables["checklist"]
        yield "contacts", self._ask(people).count()
        for role in self.words.roles:
            yield f"covered:{role}", self._ask(people[people["role"] == role]).count()
        waiting, confirmed, failed = (
            self._ask(items[items["status"] == status]).count() for status in "WCF"
        )
        yield from (("confirmed", confirmed), ("failed", failed))
        yield "waiting", waiting - confirmed - failed

    def _ask(self, facts: pd.DataFrame) -> _Asked:
        return _Asked(self.snapshots, facts)

    def _windows(self, name: str, asked: _Asked) -> Iterator[Column]:
        yield from ((f"{name}_in:{days}", asked.count_in(days)) for days in self.words.windows)

    def _created(self) -> "pd.Series[int]":
        created = self.tables["deals"].set_index("deal_id")["created_at"]
        return self.snapshots["deal_id"].map(created)


def _of(changes: pd.DataFrame, field: str) -> pd.DataFrame:
    return changes[changes["field"] == field]


def _working_days(since: "pd.Series[float]", as_of: "pd.Series[int]") -> "pd.Series[float]":
    begun, until = (
        (moments // DAY).to_numpy(np.int64).astype("datetime64[D]")
        for moments in (since.fillna(0), as_of)
    )
    return pd.Series(np.busday_count(begun, until)).where(since.notna())


def _others(
    snapshots: pd.DataFrame, tables: dict[str, pd.DataFrame], words: Context
) -> Iterator[Column]:
    """Tell what is known of the deal's owner, team, account, source and product."""
    deals, owners = tables["deals"], tables["owners"]
    owned = _of(tables["changes"], "owner_id")
    fixed = deals[["deal_id", "account_id", "source", "product"]]
    rows = snapshots[["deal_id", "as_of"]].merge(fixed, on="deal_id", how="left")
    rows["owner_id"] = _Asked(snapshots, owned).held("value")
    rows = rows.merge(owners, on="owner_id", how="left")
    rows = rows.merge(tables["accounts"], on="account_id", how="left")
    rows["everyone"] = ""
    yield from (("source", rows["source"]), ("product", rows["product"]))
    known = rows["recorded_at"] <= rows["as_of"]
    for name in ("industry", "region", "employees", "revenue"):
        yield name, rows[name].where(known)
    yield "blanks", np.zeros(len(rows))
    yield "owner_role", rows["role"]
    yield "owner_tenure", (rows["as_of"] - rows["hired_at"]) * (1 / DAY)

    closed = _closings(deals, owned, owners)
    every, strengths = _stood(rows, closed, "everyone", ["won", "closed"]), dict(words.strengths)
    share = (every["won"] + 0.5) / (every["closed"] + 1.0)
    for of, key in (
        ("owner", "owner_id"),
        ("team", "team"),
        ("account", "account_id"),
        ("source", "source"),
        ("product", "product"),
    ):
        stood, strength = _stood(rows, closed, key, ["won", "closed"]), strengths[of]
        yield f"{of}_record", (stood["won"] + strength * share) / (stood["closed"] + strength)
        if of in ("owner", "account"):
            yield f"{of}_closings", stood["closed"]
        if of == "account":
            yield "account_won", stood["won"]
    won = closed[closed["won"] == 1][["account_id", "known_at", "closed_at"]].dropna()
    won["closed_at"] = won.groupby("account_id")["closed_at"].cummax()
    asked = rows[["account_id", "as_of"]]
    last = pd.merge_asof(asked, won, left_on="as_of", right_on="known_at", by="account_id")
    yield "since_account_won", (rows["as_of"] - last["closed_at"]) * (1 / DAY)

    spans = deals[["account_id", "recorded_at", "closed_recorded_at"]]
    spans = spans.set_axis(["account_id", "begins", "ends"], axis=1)
    yield "account_open", _open(rows, spans, "account_id")
    held = owned[["deal_id", "recorded_at", "value"]]
    held = held.set_axis(["deal_id", "begins", "owner_id"], axis=1)
    held["next"] = held.groupby("deal_id")["begins"].shift(-1)
    held = held.merge(deals[["deal_id", "recorded_at", "closed_recorded_at"]], on="deal_id")
    held["begins"] = held[["begins", "recorded_at"]].max(axis=1)
    held["ends"] = held[["next", "closed_recorded_at"]].min(axis=1)
    yield "owner_open", _open(rows, held, "owner_id")
    done = tables["activities"][tables["activities"]["status"] == "done"]
    for days in words.lately:
        spans = pd.DataFrame({"owner_id": done["owner_id"], "begins": done["recorded_at"]})
        spans["ends"] = spans["begins"] + days * DAY
        yield f"owner_done_in:{days}", _open(rows, spans, "owner_id")


def _closings(deals: pd.DataFrame, owned: pd.DataFrame, owners: pd.DataFrame) -> pd.DataFrame:
    """Return a row per closed deal in the order they became known, with its owner of then."""
    closed = deals[deals["closed_recorded_at"].notna()]
    known_at = closed[["recorded_at", "closed_recorded_at"]].max(axis=1).astype("int64")
    closed = closed.assign(known_at=known_at, as_of=known_at, closed=1, everyone="")
    closed = closed.assign(won=(closed["outcome"] == "won").astype(int))
    closed = closed.sort_values("known_at", ignore_index=True)
    closed["owner_id"] = _Asked(closed, owned).held("value")
    return closed.merge(owners[["owner_id", "team"]], on="owner_id", how="left")


def _open(rows: pd.DataFrame, spans: pd.DataFrame, key: str) -> "pd.Series[float]":
    """Count the spans of each row's key that are open at its moment."""
    spans = spans[spans["ends"].isna() | (spans["ends"] > spans["begins"])]
    begun = pd.DataFrame({key: spans[key], "known_at": spans["begins"], "open": 1})
    ended = pd.DataFrame({key: spans[key], "known_at": spans["ends"], "open": -1})
    facts = pd.concat([begun, ended.dropna()]).astype({"known_at": "int64"})
    return _stood(rows, facts.sort_values("known_at"), key, ["open"])["open"]


def _stood(rows: pd.DataFrame, facts: pd.DataFrame, key: str, counted: list[str]) -> pd.DataFrame:
    """Return what stood of each row's key at its moment, null where it has none."""
    facts = facts[facts[key].notna()]
    sums = facts.groupby(key)[counted].cumsum().assign(**{key: facts[key]})
    sums["known_at"] = facts["known_at"]
    asked = rows[[key, "as_of"]]
    stood = pd.merge_asof(asked, sums, left_on="as_of", right_on="known_at", by=key)[counted]
    return stood.fillna(0).where(rows[key].notna())


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
