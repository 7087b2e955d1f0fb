"""What an audit finds: a column, the evidence against it, how grave it is, what was done."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

Weight = Literal["proof", "values", "name", "remark"]
Severity = Literal["leak", "suspect", "note"]
Done = Literal["left_out", "kept", "final", "nothing"]

DONE: Final[dict[Done, dict[str, str]]] = {
    "left_out": {"zh": "已排除", "en": "left out"},
    "kept": {"zh": "按要求保留", "en": "kept, as was asked"},
    "final": {"zh": "策略为 final，从不作特征", "en": "never a feature: its policy is final"},
    "nothing": {"zh": "未处理", "en": "nothing"},
}
SEVERITY: Final[dict[Severity, dict[str, str]]] = {
    "leak": {"zh": "泄漏", "en": "leak"},
    "suspect": {"zh": "可疑", "en": "suspect"},
    "note": {"zh": "提示", "en": "note"},
}


@dataclass(frozen=True)
class Evidence:
    """One thing that speaks against a column.

    Attributes:
        check: which check found it.
        weight: "proof" gives the outcome away by itself; "name" and "values" do together;
            "remark" never does.
        figure: what was measured, see `check`.
        zh: the same in words, in Chinese.
        en: in English.
    """

    check: str
    weight: Weight
    figure: float
    zh: str
    en: str


def severity(evidence: Sequence[Evidence]) -> Severity:
    """Weigh the evidence: proof is a leak, a name that its values bear out is a suspect."""
    weights = {one.weight for one in evidence}
    if "proof" in weights:
        return "leak"
    return "suspect" if {"name", "values"} <= weights else "note"


@dataclass(frozen=True)
class Finding:
    """What was found of one column.

    Attributes:
        column: the attribute, the contract's column, or what else was looked at.
        policy: what the mapping or the contract says of it.
        evidence: what speaks against it.
        done: what was done about it.
    """

    column: str
    policy: str
    evidence: tuple[Evidence, ...]
    done: Done = "nothing"

    @property
    def severity(self) -> Severity:
        """How grave it is."""
        return severity(self.evidence)

    def to_dict(self) -> dict[str, Any]:
        """Return the finding for a card or a file, fit for JSON."""
        evidence = [asdict(one) for one in self.evidence]
        return {
            "column": self.column,
            "policy": self.policy,
            "severity": self.severity,
            "done": self.done,
            "evidence": evidence,
        }
