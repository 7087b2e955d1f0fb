"""What the columns of a list are called, in Chinese and English."""

import re
from typing import Final, Literal

from data.moments import days_in_words

Language = Literal["zh", "en"]

HEADINGS: Final[dict[str, tuple[str, str]]] = {
    "position": ("序号", "#"),
    "deal_id": ("商机编号", "Deal"),
    "title": ("商机", "Title"),
    "account": ("客户", "Account"),
    "stage": ("阶段", "Stage"),
    "owner_id": ("负责人编号", "Owner id"),
    "owner": ("负责人", "Owner"),
    "team": ("团队", "Team"),
    "amount": ("金额", "Amount"),
    "currency": ("币种", "Currency"),
    "group": ("分组", "Group"),
    "action": ("下一步", "Next action"),
    "channel": ("方式", "Channel"),
    "due_at": ("截止", "Due"),
    "overdue": ("已逾期", "Overdue"),
    "hours": ("工时", "Hours"),
    "expected_effect": ("预计提升", "Expected effect"),
    "warnings": ("预警", "Warnings"),
    "decision": ("决策", "Decision"),
    "decision_why": ("决策依据", "Decided by"),
    "factors": ("评估要素", "Factors"),
    "risks": ("风险", "Risks"),
    "state": ("状态", "State"),
    "class": ("类别", "Class"),
    "effective": ("有效商机", "Effective deal"),
    "expected_value": ("预期价值", "Expected value"),
    "expected_profit": ("预期利润", "Expected profit"),
    "cost": ("费用", "Spent"),
    "cost_share": ("费用占预期价值", "Spent of expected value"),
    "stage_days": ("本阶段天数", "Days at stage"),
    "usual_median_days": ("通常天数", "Usual days"),
    "usual_stage_days": ("九成不超过", "Nine in ten within"),
    "quiet_days": ("无动静天数", "Quiet days"),
    "usual_quiet_days": ("九成间隔不超过", "Nine in ten gaps within"),
    "stagnant": ("停滞", "Stagnant"),
    "proposal": ("停滞建议", "Proposal"),
    "stated_close_at": ("销售预计成交", "Stated close"),
    "explored": ("随机探索", "Drawn by chance"),
    "swapped": ("随机换入", "Swapped in"),
    "propensity": ("入选概率", "Propensity"),
    "why": ("未列入原因", "Why not listed"),
    "figure": ("数值", "Figure"),
    "assigned": ("建议分配", "Proposed seller"),
    "hours_available": ("可用工时", "Hours available"),
    "hours_used": ("已排工时", "Hours used"),
    "must_hours": ("必办工时", "Hours that must be"),
    "deals": ("商机数", "Deals"),
    "value_at_stake": ("可争取价值", "Value at stake"),
    "amount_at_close": ("预计成交金额", "Amount at close"),
    "score": ("评分", "Score"),
    "grade": ("等级", "Grade"),
    "trend": ("较上周", "Against last week"),
    "period_end": ("期末", "Period's end"),
    "p_won_period": ("期末赢单概率", "P(won) by period's end"),
    "close_median": ("预计成交", "Expected close"),
    "close_from": ("最早（10%）", "From (10 %)"),
    "close_to": ("最晚（90%）", "To (90 %)"),
    "last_touch_at": ("最近跟进", "Last touch"),
    "last_touch_kind": ("跟进方式", "Kind of touch"),
    "speaks_for": ("有利因素", "Speaks for it"),
    "speaks_against": ("不利因素", "Speaks against it"),
    "served_by": ("评分依据", "Scored by"),
}
_BY_HORIZON: Final = ("{}天赢单概率", "P(won) in {}")


def heading(column: str, language: Language) -> str:
    """Return what a column of the list is called."""
    which = 0 if language == "zh" else 1
    horizon = re.fullmatch(r"p_won_(\d+)", column)
    if horizon is None:
        return HEADINGS[column][which]
    return _BY_HORIZON[which].format((horizon[1], days_in_words(int(horizon[1])))[which])
