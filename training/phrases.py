"""What reports and pictures say, in English and Chinese; the English words are the key."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

Language = Literal["en", "zh"]
Say: TypeAlias = Callable[[str], str]

BASELINES: Final = {
    "stage": "stage baseline",
    "stage_time": "baseline by stage and time in it",
    "stage_rate": "stage win rate",
    "naive_bayes": "lead scoring of Odoo",
    "checklist": "checklist rule of the handbook",
    "commit": "commit and close date of the seller",
}
"""What people call a baseline, by its name."""
_NO_MORE: Final[Mapping[str, str]] = MappingProxyType({})

_PICTURES: Final = {
    "said: probability {event}": "预测：{event}概率",
    "came: share {event}": "实际：{event}比例",
    "Reliability": "可靠性",
    "by day {}": "{}天内",
    "share of deals listed": "已列出商机的比例",
    "share of wins among them": "其中赢单的比例",
    "share of won amount among them": "其中赢单金额的比例",
    "Gains": "增益",
    "days ahead": "未来天数",
    "probability {event} by then": "届时{event}概率",
    "said, mean": "预测均值",
    "came": "实际",
    "said, middle half and 80 % of deals": "预测：中间50%与80%的商机",
    "Curves of the deals open on {}": "{}在手商机的曲线",
    "range said to cover, %": "区间的名义覆盖率（%）",
    "closings within it, %": "落在区间内的结案（%）",
    "Coverage of close dates": "结案日期的覆盖率",
    "share of the gain": "增益占比",
    "What the boosters split on": "模型的分裂依据",
    "how far ahead": "未来多远",
    "working days to seven days of the bin": "区段内每七天的工作日",
    "weekday of the bin's start": "区段起始星期",
    "weekday of the bin's end": "区段结束星期",
    "months that end in the bin": "区段内的月末",
    "week of the quarter of the bin's start": "区段起始在季度内的周次",
    "share of the bin in a quarter's first three weeks": "区段落在季初三周的比例",
    "share of the bin in a quarter's last two weeks": "区段落在季末两周的比例",
    "day of the year": "年内日期",
    "mean probability won by day {}, were it so": "若如此，{}天内的平均赢单概率",
    "none yet": "无",
    "What the model makes of a fact, all else as it is": "其他不变时，模型对单一事实的反应",
}
_CAPTIONS: Final = {
    "reliability.png": (
        "Across, what was said; up, the share that came among deals told about the same, with a "
        "95 % band that draws whole accounts. On the line is right; below it, too much was said. "
        "In grey, how many deals were told what.",
        "横轴为预测概率，纵轴为预测相近的商机中实际发生的比例，阴影为按客户抽样的95%区间。"
        "落在直线上即为准确；低于直线表示预测偏高。灰色为各预测值的商机数量。",
    ),
    "gains.png": (
        "List the deals by probability: how much of all wins, and of their amount, is among those "
        "listed first. The thin line is a list in random order.",
        "按概率排列商机：排在前面的商机包含了多少赢单及其金额。细线为随机排序。",
    ),
    "curves.png": (
        "At the last moment: how the curves of the deals spread, their mean, and the share that "
        "came. Where the two lines part, too much or too little was said in all.",
        "最后一个时点：各商机曲线的分布、均值与实际比例。两条线分开之处即总体预测偏高或偏低。",
    ),
    "coverage.png": (
        "How many closings fell into the range of dates that was said to hold so many, given "
        "what is seen. On the line is right; below it, the ranges are too narrow.",
        "在已观察范围内，落入预测日期区间的结案比例。落在直线上即为准确；低于直线表示区间过窄。",
    ),
    "effects.png": (
        "The facts that the model uses most: the mean probability, were the fact so for every "
        "deal that has it; in grey, had it none yet. What the model makes of it, not what changing "
        "it would do.",
        "模型最常用的事实：若每个有此事实的商机都如此，平均概率是多少；灰色为尚无此事实时。"
        "这是模型的看法，并非改变它的效果。",
    ),
    "importance.png": (
        "How much each column improved the fit. What the model uses, not what causes a win.",
        "各列对拟合的贡献。这是模型所用，并非赢单的原因。",
    ),
}
_PAGE: Final = {
    "": "",
    "what was said, and what came": "预测与实际",
    "The pipeline was frozen on {}. A model was fitted on what was known then, and spoke of every "
    "deal open then; forecasts in all: {:,}.": "于{}冻结流程：只用当时已知的信息训练模型，"
    "并预测当时所有在手商机，共{:,}个预测。",
    "The pipeline was frozen at {} moments from {} to {}. Each time a model was fitted on what was "
    "known then, and spoke of every deal open then; forecasts in all: {:,}.": "在{}个时点（{}至{}）"
    "冻结流程：每次只用当时已知的信息训练模型，并预测当时所有在手商机，共{:,}个预测。",
    "The model is surely better than the stage baseline.": "模型确实优于阶段基线。",
    "The model is surely worse than the stage baseline.": "模型确实差于阶段基线。",
    "The model is not surely better than the stage baseline.": "模型未能确证优于阶段基线。",
    "Log-loss saved:": "对数损失之差：",
    "Of the deals said to be won {} with about {} %, {:.0f} % were ({:.0f} to {:.0f} %).": "在预测"
    "{}赢单概率约{}%的商机中，实际赢得{:.0f}%（{:.0f}至{:.0f}%）。",
    "Expected {}: {:,.0f} won, {:,.0f} lost. Came: {:,} won, {:,} lost.": "{}预计赢单{:,.0f}个、"
    "输单{:,.0f}个；实际赢单{:,}个、输单{:,}个。",
    "in the end": "最终",
    "The fifth of the deals listed first holds {:.0f} % of the wins and {:.0f} % of the won "
    "amount; by the stage baseline {:.0f} % and {:.0f} %.": "排在前五分之一的商机包含"
    "{:.0f}%的赢单和{:.0f}%的赢单金额；按阶段基线为{:.0f}%和{:.0f}%。",
    "Of the wins, {:.0f} % fell into the range of dates that was said to hold {} %.": "赢单中有"
    "{:.0f}%落入名义上包含{}%的日期区间。",
    "In brackets: 95 % intervals that draw whole accounts, with their deals of all moments. Ratio: "
    "said by came; 1 is right, above 1 too much was said. Saved: below 0 is better than the stage "
    "baseline.": "括号内为95%区间，按客户整体抽样（含其各时点的商机）。比值：预测除以实际，"
    "1为准确，大于1表示预测偏高。差值：小于0表示优于阶段基线。",
    "By horizon": "按预测期",
    "days": "天",
    "deals": "商机数",
    "log-loss": "对数损失",
    "stage baseline": "阶段基线",
    "model": "模型",
    "saved": "差值",
    "won: said / came": "赢单：预测/实际",
    "lost: said / came": "输单：预测/实际",
    "ratio": "比值",
    "Brier": "布里尔分数",
    "AUC": "AUC",
    "Against each baseline": "与各基线比较",
    "baseline": "基线",
    "log-loss saved": "对数损失之差",
    "In the end": "最终结果",
    "mean probability won in the end, were it so": "若如此，最终赢单的平均概率",
    "{:.0f} % of the deals were still open when the data ended; they are left out here, and they "
    "are the slow ones.": "数据截止时{:.0f}%的商机仍未结案；此处未计入，而它们正是较慢的商机。",
    "Of those that closed, how well is won told from lost?": "已结案的商机中区分赢输的效果：",
    "told by": "预测者",
    "What each grade meant. A score of 62 means that of 100 such deals 62 are won; it is right "
    "where the share won is near it.": "各等级的含义。评分62表示100个此类商机中有62个赢单；"
    "赢单比例与之接近即为准确。",
    "grade": "等级",
    "score, mean": "评分均值",
    "won, %": "赢单（%）",
    "baseline by stage and time in it": "阶段与停留时间基线",
    "stage win rate": "阶段赢单率",
    "lead scoring of Odoo": "Odoo线索评分",
    "checklist rule of the handbook": "手册的里程碑规则",
    "commit and close date of the seller": "销售承诺与预计成交日",
    "closings": "结案",
    "number": "数量",
    "within the 80 % range, given what is seen": "落入80%区间（已观察范围内）",
    "within the 80 % range as shown": "落入80%区间（如所示）",
    "pinball loss, days": "分位损失（天）",
    "won": "赢单",
    "lost": "输单",
    "closed": "结案",
    "Given what is seen: of the closings before the data's end, against the part of the curve "
    "before it. As shown: the whole range; late closings are missing, so that it covers too many "
    "or too few.": "已观察范围内：数据截止前的结案与曲线相应部分比较。如所示：整个区间；"
    "较晚的结案缺失，因此覆盖率偏高或偏低。",
    "Amounts at close": "成交金额",
    "No deal that was won had an amount before.": "赢单此前均无金额。",
    "Won that had an amount before: {:,}, all at the amount as it stood. There is nothing to "
    "foretell.": "此前已有金额的赢单：{:,}个，成交金额均与当时相同，无需预测。",
    "Won that had an amount before: {:,}. Said by came; the sum of what is off, by the "
    "sum that came; and the squared error that the model saves against the amount as it stood:": ""
    "此前已有金额的赢单：{:,}个。依次为预测除以实际、偏差合计除以实际合计；"
    "以及模型相对当时金额的平方误差之差：",
    "WAPE": "WAPE",
    "the amount as it stood": "当时金额",
    "Lists": "清单",
    "Each seller's {} likeliest at each moment, {:.0f} % of all deals:": "各时点每位销售概率最高的"
    "{}个商机，占全部的{:.0f}%：",
    "ranked by": "排序依据",
    "won of the listed": "清单内赢单率",
    "of all wins": "占全部赢单",
    "of the won amount": "占赢单金额",
    "By kind of deal, {}": "按商机类别（{}）",
    "stage": "阶段",
    "amount": "金额",
    "tenure": "负责人任职天数",
    "source": "来源",
    "product": "产品",
    "team": "团队",
    "others": "其他",
    "unknown": "未知",
    "By moment": "按时点",
    "moment": "时点",
    "By place in the order": "按顺序位置",
    "place": "位置",
    "Records came in an order, and their dates are not known. Those up to {} taught a model, which "
    "spoke of the closed ones behind; forecasts in all: {:,}.": "记录只有先后顺序，没有日期。"
    "{}及之前的记录用于训练模型，并预测其后已结案的记录，共{:,}个预测。",
    "Pictures": "图",
}
_VERDICTS: Final = {
    ", ": "、",
    "{} ({} to {})": "{}（{}至{}）",
    "By no horizon were surely too many or too few wins or losses expected.": "各预测期的赢单与输单"
    "总数均无确实的偏高或偏低。",
    "Surely better than the {}: {}.": "确实优于{}：{}。",
    "Not surely better or worse than the {}: {}.": "与{}相比未见确实差别：{}。",
    "Surely worse than the {}: {}.": "确实差于{}：{}。",
    "Surely too many wins were expected {}: {} times those that came.": "{}预计的赢单确实过多："
    "为实际的{}倍。",
    "Surely too few wins were expected {}: {} times those that came.": "{}预计的赢单确实过少："
    "为实际的{}倍。",
    "Surely too many losses were expected {}: {} times those that came.": "{}预计的输单确实过多："
    "为实际的{}倍。",
    "Surely too few losses were expected {}: {} times those that came.": "{}预计的输单确实过少："
    "为实际的{}倍。",
    "The ranges of dates are surely too narrow: those said to hold {} % held {}.": "日期区间确实"
    "过窄：名义{}%，实际{}。",
    "The ranges of dates are surely too wide: those said to hold {} % held {}.": "日期区间确实"
    "过宽：名义{}%，实际{}。",
    "The amounts at close were surely told too high: {} times those that came.": "成交金额的预测"
    "确实偏高：为实际的{}倍。",
    "The amounts at close were surely told too low: {} times those that came.": "成交金额的预测"
    "确实偏低：为实际的{}倍。",
    "Surely too many wins were expected of: {}.": "赢单预计确实过多的类别：{}。",
    "Surely too few wins were expected of: {}.": "赢单预计确实过少的类别：{}。",
    "Of {} kinds, {:.1f} would look so by chance alone.": "共{}个类别，"
    "单凭偶然约有{:.1f}个会如此。",
}
_CHINESE: Final = _PICTURES | _PAGE | _VERDICTS | {name: zh for name, (_, zh) in _CAPTIONS.items()}
_ENGLISH: Final = {name: en for name, (en, _) in _CAPTIONS.items()} | {
    "tenure": "days with the company or, where unknown, since the owner's first deal",
}


def say(language: Language, more: Mapping[str, str] = _NO_MORE) -> Say:
    """Return the function that puts a phrase into a language.

    It raises KeyError for a phrase that has no Chinese, in either language, so that none is
    forgotten.

    Args:
        language: en or zh.
        more: phrases beside those of reports, English to Chinese.
    """
    known = _CHINESE | dict(more)

    def said(phrase: str) -> str:
        chinese = known[phrase]
        return chinese if language == "zh" else _ENGLISH.get(phrase, phrase)

    return said
