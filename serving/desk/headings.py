"""What the columns of the desk's tables are called, in Chinese and English."""

from typing import Final

from serving.insights.export import HEADINGS, Language

COLUMNS: Final[dict[str, tuple[str, str]]] = {
    **HEADINGS,
    "deals": ("商机数", "Deals"),
    "value": ("金额", "Amount"),
    "reached": ("进入", "Reached"),
    "moved": ("推进", "Moved on"),
    "lost": ("丢单", "Lost"),
    "waiting": ("停留中", "Waiting"),
    "moved_so_far": ("已转化率", "Moved so far"),
    "conversion": ("预计转化率", "Conversion"),
    "conversion_before": ("上期转化率", "Before"),
    "conversion_goal": ("目标转化率", "Goal"),
    "days_median": ("停留中位数（天）", "Median days"),
    "days_p90": ("停留九成（天）", "90 % days"),
    "days_mean": ("平均停留（天）", "Mean days"),
    "days_mean_before": ("上期平均（天）", "Days before"),
    "days_goal": ("目标（天）", "Goal, days"),
    "must_reach": ("需进入", "Must reach"),
    "reach": ("实际进入", "Reach"),
    "must_hold": ("需保有", "Must hold"),
    "hold": ("现有", "Hold"),
    "capacity_gap": ("容量缺口", "Capacity gap"),
    "capacity_gap_amount": ("容量缺口金额", "in money"),
    "velocity_gap": ("速度缺口", "Velocity gap"),
    "velocity_gap_amount": ("速度缺口金额", "in money"),
    "action": ("措施", "Action"),
    "days_here": ("已停留（天）", "Days here"),
    "usual_days": ("通常（天）", "Usual days"),
    "by": ("截至", "By"),
    "won": ("赢单", "Won"),
    "expected": ("期望", "Expected"),
    "low": ("低（10%）", "Low (10 %)"),
    "median": ("中位", "Middle"),
    "high": ("高（90%）", "High (90 %)"),
    "stage_weighted": ("阶段加权", "Stage-weighted"),
    "commit": ("销售承诺", "Commit"),
    "handbook_amount": ("手册公式：新增业绩", "Handbook: new revenue"),
    "handbook_deals": ("手册公式：新增客户×均值", "Handbook: new customers × mean"),
    "new_customers": ("手册公式：新增客户数", "Handbook: new customers"),
    "step": ("变化", "Step"),
    "change": ("金额变动", "Change"),
    "group": ("范围", "Scope"),
    "target": ("目标", "Target"),
    "basis": ("目标来源", "Target from"),
    "actual": ("实际", "Actual"),
    "rate": ("达成率", "Rate"),
    "before": ("上期", "Before"),
    "over_before": ("环比", "Over the period before"),
    "year_ago": ("去年同期", "A year ago"),
    "over_year": ("同比", "Over the year before"),
    "quota": ("指标", "Quota"),
    "asked": ("应完成", "Asked"),
    "done": ("已完成", "Done"),
    "customer": ("客户", "Customer"),
    "role": ("角色", "Role"),
    "kind": ("新老客户", "Kind"),
    "estimate": ("预估月收入", "Estimate a month"),
    "required": ("要求达成率", "Required"),
    "quarter_mean": ("本季月均", "Quarter's mean"),
    "previous_mean": ("前六月月均", "Previous mean"),
    "growth": ("增量", "Growth"),
    "over": ("增量减应达", "Growth − expected"),
    "met": ("达标", "Met"),
}

_OF_CUSTOMERS: Final = {"expected": ("应达增量", "Expected growth")}
WORDS: Final[dict[str, tuple[str, str]]] = {
    "own": ("本级", "own"),
    "parts": ("合计", "sum of parts"),
    "pro_rata": ("按天折算", "share of a longer period"),
    "new": ("新客户", "new"),
    "existing": ("老客户", "existing"),
}
"""What stands in cells, by the words of frames."""


def called(column: str, language: Language, customers: bool = False) -> str:
    """Return what a column is called; in the table of customers some mean another thing."""
    names = COLUMNS | _OF_CUSTOMERS if customers else COLUMNS
    return names[column][0 if language == "zh" else 1]
