"""The leakage audit: which columns know more than could be known; see docs/audit.md.

The checks are pure functions of tables. Each gives `Evidence`; `finding.severity` weighs it, and
`audit` takes what is too good to be true away from the pipeline's features.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

from data.contract import Pipeline
from data.errors import BadInput, did_you_mean
from data.tables import Tables
from features.audit.canary import canary_evidence
from features.audit.facts import fact_evidence, never_late
from features.audit.finding import DONE, SEVERITY, Done, Evidence, Finding, Severity, severity
from features.audit.kin import kin_evidence
from features.audit.names import name_evidence
from features.audit.own import own_evidence
from features.audit.records import Column, Records
from features.audit.rows import bulk_evidence, duplicate_evidence
from features.audit.values import value_evidence
from features.catalogue import Family

__all__ = ["DONE", "SEVERITY", "Audit", "Evidence", "Finding", "Severity", "audit"]

_READ_BY: Final = {
    "source": ("source", "source_record"),
    "product": ("product", "product_record"),
    "stage": ("stage", "in_stage", "stage_moves", "visits", "since_stage"),
    "amount": ("amount", "amount_rises", "amount_falls"),
    "owner_id": ("owner_record", "owner_closings", "owner_role", "owner_tenure"),
    "expected_close_at": ("to_stated_close", "close_pushes"),
}
"""The features that read a column of the contract, where they have other names than it."""


_NO_COLUMNS: Final = {"deals", "closings", "changes", "activities", "recorded_at"}
"""What is found of whole tables: nothing to keep."""
_NEVER_LATE: Final = Evidence(
    "never_late",
    "remark",
    0.0,
    "所有事实的录入时间都等于发生时间：补录无从查出",
    "every fact is stamped as recorded when it happened: late recording cannot be seen",
)


@dataclass(frozen=True)
class Audit:
    """What was found, and the pipeline without what is left out.

    Attributes:
        pipeline: the settings to train with: suspects are `final` or in `left_out`.
        findings: the gravest first.
        kept: columns that stay although they are suspected.
    """

    pipeline: Pipeline
    findings: tuple[Finding, ...]
    kept: tuple[str, ...] = ()

    @property
    def left_out(self) -> tuple[str, ...]:
        """The columns that the audit took out."""
        return tuple(one.column for one in self.findings if one.done == "left_out")

    def to_dict(self) -> dict[str, Any]:
        """Return what a card keeps, fit for JSON."""
        findings = [one.to_dict() for one in self.findings]
        return {"left_out": list(self.left_out), "kept": list(self.kept), "findings": findings}


def audit(
    tables: Tables,
    pipeline: Pipeline,
    keep: Collection[str] = (),
    seed: int = 0,
    custom: tuple[Family, ...] = (),
) -> Audit:
    """Look for columns that know more than could be known, and take them from the features.

    Args:
        tables: what is known, see `Tables.known_by`.
        pipeline: the settings, with the policies that the mapping declares.
        keep: suspects that stay all the same.
        seed: of the canary's shuffle.
        custom: the user's own features.

    Raises:
        BadInput: a column to be kept that is not there.
    """
    records = Records.of(tables, pipeline)
    found = [*_of_columns(records), *_of_tables(tables, pipeline, records, seed, custom)]
    _check_kept(keep, {c.name for c in (*records.columns, *(c for c, _ in found))} - _NO_COLUMNS)
    findings = sorted((_finding(*one, keep) for one in found), key=_gravity)
    kept = tuple(one.column for one in findings if one.done == "kept")
    left_out = [one.column for one in findings if one.done == "left_out"]
    return Audit(without(pipeline, left_out), tuple(findings), kept)


def without(pipeline: Pipeline, columns: Iterable[str]) -> Pipeline:
    """Return the settings with some columns taken from the features.

    Attributes become `final`; of what is not an attribute, the features that read it are left out.
    """
    columns, own = list(columns), pipeline.attributes
    final = {n: own[n].model_copy(update={"policy": "final"}) for n in columns if n in own}
    others = [one for name in columns if name not in own for one in _READ_BY.get(name, (name,))]
    left_out = tuple(dict.fromkeys([*pipeline.left_out, *others]))
    return pipeline.model_copy(update={"attributes": own | final, "left_out": left_out})


def _of_columns(records: Records) -> Iterator[tuple[Column, list[Evidence]]]:
    """Yield the columns of the deals' own rows that something speaks against."""
    found = {
        column.name: [*name_evidence(column.called), *value_evidence(column.name, records)]
        for column in records.columns
    }
    suspects = [name for name, evidence in found.items() if severity(evidence) != "note"]
    for column in records.columns:
        evidence = found[column.name]
        if column.name not in suspects:
            evidence = kin_evidence(column.name, suspects, records.values) + evidence
        if any(one.weight != "values" for one in evidence):
            yield column, evidence


def _of_tables(
    tables: Tables, pipeline: Pipeline, records: Records, seed: int, custom: tuple[Family, ...]
) -> Iterator[tuple[Column, list[Evidence]]]:
    """Yield what facts, whole tables, own features and the canary say."""
    of_features = own_evidence(tables, pipeline, custom)
    if pipeline.dated:
        yield from fact_evidence(tables, pipeline)
        if never_late(tables):
            yield Column("recorded_at", "recorded_at", "contract"), [_NEVER_LATE]
        for name, evidence in canary_evidence(tables, pipeline, seed, custom).items():
            of_features[name] = evidence + of_features.get(name, [])
        for name, evidence in bulk_evidence(tables).items():
            yield Column(name, name, "table"), evidence
    for name, evidence in of_features.items():
        yield Column(name, name, "feature"), evidence
    duplicates = duplicate_evidence(records, pipeline.dated)
    if duplicates:
        yield Column("deals", "deals", "table"), duplicates


def _finding(column: Column, evidence: list[Evidence], keep: Collection[str]) -> Finding:
    found = Finding(column.name, column.policy, tuple(evidence))
    return replace(found, done=_done(found, keep))


def _done(found: Finding, keep: Collection[str]) -> Done:
    if found.policy == "final":
        return "final"
    if found.severity == "note":
        return "nothing"
    return "kept" if found.column in keep else "left_out"


def _gravity(found: Finding) -> tuple[int, str]:
    return list(SEVERITY).index(found.severity), found.column


def _check_kept(keep: Collection[str], known: Collection[str]) -> None:
    names = sorted(known)
    for name in sorted(set(keep) - set(names)):
        raise BadInput(
            "no such column to keep",
            field="keep",
            value=name,
            allowed=", ".join(names),
            remedy=did_you_mean(name, names) or "name a column as `dealcast audit` lists it",
        )
