"""The two ladders: their stages, and the rates at which deals move, close, warm up and cool."""

from dataclasses import dataclass
from typing import Final

from data.contract import Attribute, Pipeline
from data.listing import Listing, Signal
from data.practice import Practice

EVENTS: Final = ("advance", "back", "won", "lost")
"""What may happen to a deal in one step, at most one of them."""
ADVANCE, BACK, WON, LOST, STAY = range(5)

MOMENTA: Final = ("engaged", "stalled", "neglected")
"""The hidden state beside the stage: the buyer replies; only the seller acts; nobody acts."""
ENGAGED, STALLED, NEGLECTED = range(3)

Rates = tuple[float, ...]


@dataclass(frozen=True)
class Ladder:
    """A pipeline's law of motion. Rates are per step of full work."""

    pipeline: Pipeline
    prefix: str
    """The first letter of its deals' ids."""
    step_days: int
    truth_days: tuple[int, ...]
    base: tuple[Rates, ...]
    """Rate of each event (advance, back, won, lost), by stage."""
    mood: tuple[Rates, ...]
    """What momentum multiplies these rates by."""
    pull: Rates
    """Log effect of a deal's advantage on each event."""
    haste: Rates
    """Log effect of a deal's own pace on each event."""
    push: Rates
    """How strongly quarter ends act on each event."""
    cooling: tuple[Rates, ...]
    """Rate from one momentum (row) to another (column)."""
    milestones: tuple[tuple[str, ...], ...]
    """Checklist items, by stage."""
    remaining_days: Rates
    """Days that sellers expect from each stage to the closing; empty: they state no date."""
    chatter: float
    """Activities per step, against those of a week on an opportunity."""
    planted_leaks: tuple[str, ...]
    """Attributes written at the closing, for leakage audits to find."""


_MOOD: Final = (
    (1.00, 0.50, 1.25, 0.60),
    (0.35, 1.50, 0.30, 1.50),
    (0.10, 0.40, 0.08, 0.70),
)
_PULL: Final = (0.25, -0.30, 0.55, -0.55)
_HASTE: Final = (0.90, 0.30, 0.90, 0.70)

OPPORTUNITIES: Final = Ladder(
    pipeline=Pipeline(
        name="opportunities",
        stages=("初步接触", "需求分析", "方案制定", "商务谈判", "合同签订"),
        won_word="won",
        currency="CNY",
        calendar="china",
        horizons_days=(28, 91, 182, 364),
        attributes={
            "competitors": Attribute(
                type="number", policy="fixed", zh="竞争对手数", en="competitors at entry"
            ),
            "budget": Attribute(policy="fixed", zh="预算情况", en="budget at entry"),
            "urgency": Attribute(policy="fixed", zh="需求紧迫度", en="urgency of need at entry"),
            "decision_days": Attribute(
                type="number",
                policy="fixed",
                zh="预计决策周期",
                en="days to decide, as told at entry",
            ),
            "commit": Attribute(policy="tracked", zh="销售承诺", en="the seller's own call"),
            "final_discount": Attribute(type="number", zh="成交折扣", en="discount given"),
            "credit_check": Attribute(zh="信用审查", en="credit check"),
            "legal_opinion": Attribute(zh="法务意见", en="legal opinion"),
            "closed_because": Attribute(zh="结束原因", en="why it ended"),
            "margin": Attribute(type="number", zh="毛利", en="margin"),
        },
        desk=Listing(
            states={"商务谈判": "negotiation"},
            need=Signal(item="需求确认"),
            budget=Signal(attribute="budget", words=("已批",)),
            competition=Signal(attribute="competitors", at_least=3),
        ),
        practice=Practice(reason="closed_because", margin="margin"),
    ),
    prefix="O",
    step_days=7,
    truth_days=(28, 91, 182, 364),
    base=(
        (0.55, 0.00, 0.00, 0.145),
        (0.46, 0.02, 0.00, 0.130),
        (0.40, 0.03, 0.01, 0.115),
        (0.40, 0.04, 0.06, 0.120),
        (0.00, 0.05, 0.36, 0.080),
    ),
    mood=_MOOD,
    pull=_PULL,
    haste=_HASTE,
    push=(0.3, 0.0, 1.0, 0.4),
    cooling=((0.0, 0.12, 0.03), (0.12, 0.0, 0.07), (0.05, 0.02, 0.0)),
    milestones=(
        ("需求确认", "客户资质"),
        ("预算确认", "决策人确认"),
        ("方案认可", "技术验证"),
        ("价格认可", "商务条款"),
        ("法务审核", "签约日期"),
    ),
    remaining_days=(75.0, 60.0, 45.0, 28.0, 14.0),
    chatter=1.0,
    planted_leaks=("final_discount", "credit_check", "legal_opinion", "closed_because", "margin"),
)

LEADS: Final = Ladder(
    pipeline=Pipeline(
        name="leads",
        stages=("新线索", "已联系", "培育中", "已确认"),
        won_word="converted",
        currency="CNY",
        calendar="china",
        horizons_days=(7, 14, 28, 42),
        attributes={
            "pages_visited": Attribute(
                type="number", policy="fixed", zh="浏览页数", en="pages visited before"
            ),
            "handover_note": Attribute(zh="移交说明", en="note of handing over"),
        },
    ),
    prefix="L",
    step_days=1,
    truth_days=(7, 14, 28, 42),
    base=(
        (0.60, 0.00, 0.000, 0.120),
        (0.24, 0.01, 0.004, 0.120),
        (0.22, 0.01, 0.018, 0.100),
        (0.00, 0.02, 0.230, 0.080),
    ),
    mood=_MOOD,
    pull=_PULL,
    haste=_HASTE,
    push=(0.0, 0.0, 0.0, 0.0),
    cooling=((0.0, 0.06, 0.02), (0.04, 0.0, 0.05), (0.02, 0.01, 0.0)),
    milestones=(("有效联系",), ("有需求",), ("有预算",), ("有决策人",)),
    remaining_days=(),
    chatter=0.3,
    planted_leaks=("handover_note",),
)
