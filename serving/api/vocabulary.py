"""The words of a request against those that the pipeline has: fields refused, stages warned of.

A field that the pipeline does not have is a slip, and would be passed over without a trace. A
stage that it does not have yet is what a CRM does when its ladder changes: the deal is scored,
and the answer says by what.
"""

from collections.abc import Iterable, Iterator, Sequence

from pydantic import BaseModel, Field

from data.contract import TRACKED, Pipeline
from data.errors import BadInput, did_you_mean
from models.bundle import Bundle
from serving.api.records import Record, Row


class Notice(BaseModel):
    """Something that kept nothing from being done, and may make scores worse."""

    title: str
    field: str = Field(description="where it stands first")
    value: str
    allowed: str
    remedy: str


def check_fields(records: Sequence[Record], pipeline: Pipeline) -> None:
    """Refuse changes of fields that have no history on the pipeline.

    Raises:
        BadInput: naming the place, the fields that there are, and the one that was meant.
    """
    for number, record in enumerate(records):
        fields = [change.field for change in record.changes]
        check_changes(fields, pipeline, f"records.{number}.changes")


def check_changes(fields: Sequence[str], pipeline: Pipeline, where: str) -> None:
    """Refuse some changes as `check_fields` does.

    Args:
        fields: which each changes.
        pipeline: whose changes.
        where: the place in the request that they stand in.
    """
    kept = {name for name, one in pipeline.attributes.items() if one.policy != "fixed"}
    for place, name in enumerate(fields):
        if name not in TRACKED and name not in kept:
            fixed = "it is fixed: give it once, in deal.attributes"
            allowed = (*TRACKED, *sorted(kept))
            near = did_you_mean(name, allowed) or "leave it out, or declare it in the mapping"
            raise BadInput(
                "not a field that changes on this pipeline",
                field=f"{where}.{place}.field",
                value=name,
                allowed=", ".join(allowed),
                remedy=fixed if name in pipeline.attributes else near,
            )


def unseen_stages(named: Iterable[tuple[str, str]], bundle: Bundle) -> list[Notice]:
    """Say which stages the bundle has not learned from, each once.

    Args:
        named: stages, each after its place in the request.
        bundle: what scores.
    """
    first: dict[str, str] = {}
    for place, stage in named:
        first.setdefault(stage, place)
    known = ", ".join(bundle.stages)
    return [
        Notice(
            title="a stage that the bundle has not seen: it counts as another one",
            field=first[stage],
            value=stage,
            allowed=known or "none: the pipeline had no stages",
            remedy=did_you_mean(stage, bundle.stages)
            or "train again when deals that were in it have closed",
        )
        for stage in first
        if stage not in bundle.stages
    ]


def stages_of(records: Sequence[Record]) -> Iterator[tuple[str, str]]:
    """Yield each stage that records name, after its place in the request."""
    for number, record in enumerate(records):
        now = record.deal.stage
        if now is not None:
            yield f"records.{number}.deal.stage", now
        for place, change in enumerate(record.changes):
            if change.field == "stage" and change.value is not None:
                yield f"records.{number}.changes.{place}.value", change.value


def stages_pushed(table: str, rows: Sequence[Row]) -> Iterator[tuple[str, str]]:
    """Yield each stage that pushed rows of a table name, after its place in the request."""
    for number, row in enumerate(rows):
        if table == "deals" and row.get("stage") is not None:
            yield f"rows.{number}.stage", row["stage"]
        if table == "changes" and row["field"] == "stage" and row.get("value") is not None:
            yield f"rows.{number}.value", row["value"]
