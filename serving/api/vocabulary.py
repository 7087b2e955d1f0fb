"""The words of a request against those that the pipeline has: a field that is none is refused.

It is a slip, and would be passed over without a trace.
"""

from collections.abc import Sequence

from data.contract import TRACKED, Pipeline
from data.errors import BadInput, did_you_mean
from serving.api.records import Record


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
