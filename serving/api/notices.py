"""Notices: what was done all the same, and may not be what the caller meant.

A stage that the pipeline does not have yet is what a CRM does when its ladder changes: the deal is
scored, or its fact taken, and the answer says by what.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, TypeAlias

from pydantic import BaseModel, Field

from data.errors import did_you_mean
from data.moments import iso
from data.push import Pushed, latest_likely
from models.bundle import Bundle
from serving.api.records import Record, Row

Place: TypeAlias = tuple[str | int, ...]
"""Where in a request something stands, step by step; most places are never told."""


class Notice(BaseModel):
    """Something that kept nothing from being done, and may make scores worse."""

    title: str
    field: str = Field(description="where it stands first")
    value: str
    allowed: str
    remedy: str


def unseen_stages(named: Iterable[tuple[Place, str]], bundle: Bundle) -> list[Notice]:
    """Say which stages the bundle has not learned from, each once.

    Args:
        named: stages, each after its place in the request.
        bundle: what scores.
    """
    first: dict[str, Place] = {}
    for place, stage in named:
        first.setdefault(stage, place)
    known = ", ".join(bundle.stages)
    return [
        Notice(
            title="a stage that the bundle has not seen: it counts as another one",
            field=".".join(map(str, first[stage])),
            value=stage,
            allowed=known or "none: the pipeline had no stages",
            remedy=did_you_mean(stage, bundle.stages)
            or "train again when deals that were in it have closed",
        )
        for stage in first
        if stage not in bundle.stages
    ]


def stages_of(records: Sequence[Record]) -> Iterator[tuple[Place, str]]:
    """Yield each stage that records name, after its place in the request."""
    for number, record in enumerate(records):
        if record.deal.stage is not None:
            yield ("records", number, "deal.stage"), record.deal.stage
        for place, change in enumerate(record.changes):
            if change.field == "stage" and change.value is not None:
                yield ("records", number, "changes", place, "value"), change.value


def stages_pushed(table: str, rows: Sequence[Row]) -> Iterator[tuple[Place, str]]:
    """Yield each stage that pushed rows of a table name, after its place in the request."""
    for number, row in enumerate(rows):
        if table == "deals" and row.get("stage") is not None:
            yield ("rows", number, "stage"), row["stage"]
        if table == "changes" and row["field"] == "stage" and row.get("value") is not None:
            yield ("rows", number, "value"), row["value"]


_KNOWN: Final = ("created_at", "recorded_at", "closed_at", "closed_recorded_at")
"""Moments that lie behind whoever tells them."""
_AHEAD: Final = ("planned", "cancelled")
"""What an activity may be before its moment."""


def unlikely(rows: Sequence[Row], now: int) -> Iterator[Notice]:
    """Say what pushed rows tell that can hardly be so: what is yet to come, less than nothing."""
    ahead, negative = [], []
    for number, row in enumerate(rows):
        ahead += [
            (f"rows.{number}.{name}", iso(row[name]))
            for name in _KNOWN
            if (row.get(name) or 0) > latest_likely(now)
        ]
        if (row.get("at") or 0) > latest_likely(now) and row.get("status", "done") not in _AHEAD:
            ahead.append((f"rows.{number}.at", iso(row["at"])))
        amount = row.get("value") if row.get("field") == "amount" else row.get("amount")
        if _below_nought(amount):
            negative.append((f"rows.{number}.{'value' if 'field' in row else 'amount'}", amount))
    if ahead:
        yield Notice(
            title=f"moments to come ({len(ahead)}): they are not used before",
            field=ahead[0][0],
            value=ahead[0][1],
            allowed=f"up to {iso(now)}",
            remedy="send them again with the moments at which they came to be, or were learned",
        )
    yield from _negative(negative)


def less_than_nothing(records: Sequence[Record]) -> Iterator[Notice]:
    """Say which amounts of whole records are below 0."""
    found: list[tuple[str, object]] = []
    for number, record in enumerate(records):
        if _below_nought(record.deal.amount):
            found.append((f"records.{number}.deal.amount", record.deal.amount))
        found += [
            (f"records.{number}.changes.{place}.value", change.value)
            for place, change in enumerate(record.changes)
            if change.field == "amount" and _below_nought(change.value)
        ]
    yield from _negative(found)


def _negative(found: Sequence[tuple[str, object]]) -> Iterator[Notice]:
    if found:
        yield Notice(
            title=f"amounts below 0 ({len(found)}): sums and forecasts take them as they are",
            field=found[0][0],
            value=str(found[0][1]),
            allowed="0 or more",
            remedy="send what the deal is worth; of a deal that was lost say so by its outcome",
        )


def _below_nought(amount: object) -> bool:
    try:
        return float(str(amount)) < 0
    except ValueError:
        return False


def rows_against_rules(pushed: Pushed) -> list[Notice]:
    """Say what the rules made of deals' rows that may not be what the caller meant."""
    notices = []
    if pushed.unheeded:
        notices.append(
            _of_deals(
                pushed.unheeded,
                title="closings were passed over: what stands says otherwise, of a later moment",
                allowed="rows that speak of the moment of what stands, or of a later one",
                remedy="send them with observed_at, or closed_recorded_at: when you learned it",
            )
        )
    if pushed.moved:
        notices.append(
            _of_deals(
                pushed.moved,
                title="activities of other deals were moved: their ids came with these deals",
                allowed="an activity_id that no other deal's activity has",
                remedy="where ids count from 1 in each deal, put the deal's before them",
            )
        )
    if pushed.replaced:
        notices.append(
            Notice(
                title="what deals began with was replaced by their rows' tracked fields",
                field="rows",
                value=str(pushed.replaced),
                allowed="the values at creation, or those of observed_at",
                remedy="where a value has changed since, send observed_at, or a row of changes",
            )
        )
    return notices


def _of_deals(deal_ids: Sequence[str], **told: str) -> Notice:
    return Notice(field="rows", value=", ".join(deal_ids)[:300], **told)
