"""What happened to a deal, newest first, in words."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from data.contract import Pipeline
from data.tables import Tables, collect
from serving.web.formats import Formats
from serving.web.phrases import Say
from serving.web.words import activity, commit, role

_MOMENTS = ("expected_close_at",)


@dataclass(frozen=True)
class Event:
    """One thing that happened.

    Attributes:
        at: when.
        kind: change, activity, contact, milestone, score, begin or end.
        what: in words.
        detail: more words, may be empty.
    """

    at: int
    kind: str
    what: str
    detail: str = ""


@dataclass(frozen=True)
class Teller:
    """Tells a deal's facts in one language.

    Attributes:
        pipeline: whose attributes have names of their own.
        owners: names by id.
        formats: of the reader.
        say: puts phrases into the language.
    """

    pipeline: Pipeline
    owners: dict[str, str]
    formats: Formats
    say: Say

    def events(
        self, tables: Tables, deal: dict[str, Any], scores: list[dict[str, Any]]
    ) -> list[Event]:
        """Return all that happened to a deal, newest first.

        Args:
            tables: this deal's rows, as known now.
            deal: its row of `deals`.
            scores: the ledger's rows of it.
        """
        found = [
            *self._scores(scores),
            *self._ends(deal),
            *self._changes(tables, deal),
            *self._activities(tables),
            *self._contacts(tables),
            *self._milestones(tables),
        ]
        return sorted(found, key=lambda one: -one.at)

    def field(self, name: str) -> str:
        """Return what a tracked field is called."""
        known = {
            "stage": "Stage",
            "amount": "Amount",
            "owner_id": "Seller",
            "expected_close_at": "Stated close",
        }
        if name in known:
            return self.say(known[name])
        attribute = self.pipeline.attributes.get(name)
        own = attribute and (attribute.zh if self.formats.language == "zh" else attribute.en)
        return str(own or name)

    def value(self, field: str, change: dict[str, Any]) -> str:
        """Return what a tracked field was set to."""
        value = change["value"]
        if value is None:
            return self.say("cleared")
        if field == "amount":
            return self.formats.money(change["number"], self.pipeline.currency)
        if field == "owner_id":
            return self.owners.get(value, str(value))
        if field == "commit":
            return commit(self.say, value)
        if field in _MOMENTS and change["number"] is not None:
            return self.formats.date(int(change["number"]))
        return str(value)

    def _ends(self, deal: dict[str, Any]) -> Iterator[Event]:
        yield Event(deal["created_at"], "begin", self.say("Created"))
        if deal["outcome"] != "open":
            yield Event(deal["closed_at"], "end", self.say(deal["outcome"].capitalize()))

    def _changes(self, tables: Tables, deal: dict[str, Any]) -> Iterator[Event]:
        before: dict[str, str] = {}
        for change in collect(tables.changes).sort("at", "seq").iter_rows(named=True):
            field = change["field"]
            value, was = self.value(field, change), before.get(field)
            if value == was:
                continue
            before[field] = value
            told = value if was is None else f"{was} → {value}"
            yield Event(change["at"], "change", self.field(field), told)

    def _scores(self, scores: list[dict[str, Any]]) -> Iterator[Event]:
        """Tell the scores that differ from the one before, when their facts were known."""
        before: dict[str, Any] = {}
        for row in sorted(scores, key=lambda row: (row["as_of"], row["score_id"])):
            if row["score"] != before.get("score"):
                was = f"{before['grade']} {before['score']} → " if before else ""
                yield Event(
                    row["as_of"], "score", self.say("Score"), f"{was}{row['grade']} {row['score']}"
                )
            before = row

    def _activities(self, tables: Tables) -> Iterator[Event]:
        names = {row["contact_id"]: row["name"] for row in collect(tables.contacts).to_dicts()}
        for row in collect(tables.activities).iter_rows(named=True):
            parts = [
                self.say({"in": "from the customer", "out": "to the customer"}[row["direction"]])
                if row["direction"]
                else "",
                names.get(row["contact_id"]) or "",
                self.say("{} min").format(self.formats.number(row["minutes"]))
                if row["minutes"]
                else "",
                "" if row["status"] == "done" else self.say(row["status"]),
            ]
            yield Event(row["at"], "activity", activity(self.say, row["kind"]), _joined(parts))

    def _contacts(self, tables: Tables) -> Iterator[Event]:
        for row in collect(tables.contacts).iter_rows(named=True):
            part = role(self.say, row["role"]) if row["role"] else ""
            named = _joined([row["name"] or row["contact_id"], part])
            yield Event(row["at"], "contact", self.say("Contact"), named)

    def _milestones(self, tables: Tables) -> Iterator[Event]:
        words = {"C": "confirmed", "F": "failed", "W": "waiting"}
        for row in collect(tables.checklist).iter_rows(named=True):
            told = f"{row['item']}: {self.say(words[row['status']])}"
            yield Event(row["at"], "milestone", self.say("Milestone"), told)


def _joined(parts: list[str]) -> str:
    return " · ".join(part for part in parts if part)
