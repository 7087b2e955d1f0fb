"""What the command line answers, in English and Chinese; the English words are the key.

Answers and warnings are in the language of the settings. What goes on (progress) and what went
wrong (errors) is in English, since it is for logs and searches.
"""

from typing import Final

from training import phrases
from training.phrases import Language, Say

__all__ = ["Language", "Say", "say"]

_CHINESE: Final = {
    "{}: said and came": "{}：预测与实际",
    "{}: said on {}, and what came": "{}：{}的预测与实际",
    "{}: said of the last records, and what came": "{}：对最后一批记录的预测与实际",
    "Log-loss saved against the {}: {}": "对数损失之差（与{}相比）：{}",
    "At telling won from lost alone: {}": "仅就区分赢输而言：{}",
    "Of 100 with the grade {} ({:,} in all): {:.0f} said, {} won": "等级{}（共{:,}个）每100个："
    "预测赢单{:.0f}个，实际{}个",
    "Amounts at close: as they stood, of all {:,} that were won with one.": "成交金额：{:,}个"
    "有金额的赢单均与当时相同。",
    "Amounts at close, said by came: {}; as they stood: {}": "成交金额，预测除以实际：{}；"
    "按当时金额：{}",
    "Wins within the range of dates said to hold {} %: {}": "落入名义{}%日期区间的赢单：{}",
    "Still open when the data end: {:.0%}": "数据截止时仍未结案：{:.0%}",
    "{} is champion.": "{}现为正式模型包。",
    "{}.": "{}。",
    "Recorded as MLflow run {}, {} {}.": "已记录为MLflow运行{}，{} {}。",
    "{} is written.": "已写入{}。",
    "{}: scored {:,}": "{}：已评分{:,}个",
    "{}: first this week, as of {}": "{}：本周优先，截至{}",
    "No deal is open as of {}, so the list is empty. Ingest the newest export, or name another "
    "moment with --as-of.": "截至{}没有在手商机，清单为空。"
    "请导入最新数据，或用--as-of指定其他时点。",
    "This deletes {}: {}; bundles: {:,}.": "将删除{}：{}；模型包：{:,}。",
    "Accounts, owners and targets stay, for they are shared; so do files that were handed out and "
    "MLflow's record.": "客户、负责人与目标为各流程共用，予以保留；"
    "已发出的文件与MLflow记录也保留。",
    "{}: leakage audit": "{}：泄漏审计",
    "{}: the leakage audit found nothing.": "{}：泄漏审计没有发现问题。",
    "Column": "列",
    "Severity": "程度",
    "Evidence": "证据",
    "Done": "处理",
    "When": "时间",
    "Who": "操作人",
    "What": "操作",
    "Of what": "对象",
    "Detail": "详情",
    "All is well.": "一切正常。",
    "Delete it?": "确定删除？",
    "{} is deleted.": "{}已删除。",
    "Nothing was deleted.": "未删除任何内容。",
    "P(won)": "赢单概率",
    "Timing unknown: P(won) is of the end, and there is no quarter's forecast.": "时间未知："
    "赢单概率指最终结果，没有季度预测。",
    ", by {}": "，{}前",
    "the first {:,} of {:,} rows": "前{:,}行，共{:,}行",
    "This quarter's bookings: {:,.0f} to {:,.0f} (80 %), in the middle {:,.0f}; won already: "
    "{:,.0f}.": "本季度成交额：{:,.0f}至{:,.0f}（80%），中位约{:,.0f}；已赢得{:,.0f}。",
    "From {:,.0f} on {} to {:,.0f}:": "从{:,.0f}（{}）到{:,.0f}：",
    "Standing longer than nine in ten: {:,}": "停留超过九成商机：{:,}个",
    "{}: the desk as of {} is made": "{}：已生成{}的工作台",
    "Written: {}": "已写入：{}",
    "Against the truth, deals open on {}": "与真实曲线比较，{}在手的商机",
    "Baseline": "基线",
    "Model": "模型",
    "True curves": "真实曲线",
    "Recovered": "已收回",
    "Mean error of P(won)": "赢单概率平均误差",
    "Look at it: choose a password, serve, and sign in.": "查看：设置密码、启动服务并登录。",
    "then open {}": "然后打开{}",
    "table": "表",
    "accepted": "新增",
    "changed": "变更",
    "unchanged": "未变",
    "rejected": "拒绝",
    "repeated": "重复",
    "{} is in {}": "{}的编码为{}",
    "{}: {:,} in all; {:,} won, {:,} lost, {:,} open": "{}：共{:,}个；赢单{:,}，输单{:,}，在手{:,}",
    "Refused: {:,}; the reasons are in {}": "已拒绝{:,}行，原因见{}",
    "Open deals in stages that the bundle has not seen, which count as another one: {}. Train "
    "again when such deals have closed.": "有在手商机处于模型包未见过的阶段，按“其他”计：{}。"
    "此类商机结案后请重新训练。",
    "The last fact was recorded on {}, {:,} days before: scores take the silence for the deals'. "
    "Ingest what came since, or choose an earlier --as-of.": "最后一条事实记录于{}，距今{:,}天："
    "评分会把这段空白当作商机的沉寂。请导入之后的数据，或选择更早的--as-of。",
}


def say(language: Language) -> Say:
    """Return the function that puts a phrase of the command line or of reports into a language."""
    return phrases.say(language, _CHINESE)
