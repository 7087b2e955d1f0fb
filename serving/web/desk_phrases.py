"""What the pages of the desk say: English, and Chinese beside it. See `phrases`."""

from typing import Final

SHARED: Final = {
    "91 days": "91天",
    "Half a year": "半年",
    "A year": "一年",
    "Month": "月",
    "Quarter": "季度",
    "Year": "年",
    "As of {}": "截至{}",
    "Nothing is computed for this pipeline yet.": "此流程尚无计算结果。",
    "Whoever runs Dealcast computes it:": "由Dealcast管理员计算：",
    "Target": "目标",
    "Expected": "期望",
    "Before": "上期",
    "Now": "现在",
    ".": "。",
    "yes": "是",
    "no": "否",
}
FUNNEL: Final = {
    "Funnel": "漏斗",
    "Is there enough, and where does it stick?": "够不够，卡在哪里？",
    "Looking back": "回看",
    "Target of": "目标周期",
    "Too little has happened yet to say where it sticks.": "数据尚少，无法判断瓶颈。",
    "Open deals": "在手商机",
    "in {} days": "{}天内",
    "Win rate": "赢率",
    "of a deal that enters": "每个进入漏斗的商机",
    "Cycle": "周期",
    "days to win": "赢单天数",
    "Velocity": "速度",
    "a day": "每天",
    "Won of the target": "目标已完成",
    "Stages: open now, conversion, time": "各阶段：现有、转化率、停留",
    "Reached": "进入",
    "Moved on": "推进",
    "Waiting": "停留中",
    "Conversion": "转化率",
    "Conversion in the end": "预计转化率",
    "Goal": "目标值",
    "Median days": "停留中位数（天）",
    "90 % days": "九成停留（天）",
    "Goal, days": "目标（天）",
    "Mean days": "平均停留（天）",
    "Conversion: of the deals that reached the stage in the period, the share that is expected to "
    "go on in the end. The tick is the goal, or else the period before.": "转化率：期内进入该阶段的"
    "商机最终预计推进的比例。刻度为目标；无目标时为上期。",
    "bottleneck": "瓶颈",
    "What the target still needs": "达成目标还需要什么",
    "No target is known for this choice.": "所选范围没有目标。",
    "Bring targets in with the data, or choose another scope or period.": "请随数据导入目标，"
    "或选择其他范围或周期。",
    "Must hold": "需保有",
    "Holds": "现有",
    "Short by": "缺口",
    "Must come through": "需进入",
    "Comes through": "实际进入",
    "What would close it": "措施",
    "enough": "足够",
    "Stand longer than nine in ten": "停留超过九成商机",
    "Against the stays that began in the period chosen above, of the deals chosen; a deal's own "
    "page compares with all of the past.": "以所选期间内、所选商机的停留为准；商机页则与全部历史"
    "比较。",
    "No deal stands longer in its stage than is usual.": "没有商机停留超过通常时间。",
    "Look at the whole list of deals for the next step.": "可在商机页查看全部商机。",
    "Days here": "已停留（天）",
    "Nine in ten within": "九成不超过（天）",
}
FORECAST: Final = {
    "Forecast": "预测",
    "What will we book, and how sure are we?": "能成交多少，有多大把握？",
    "Period": "周期",
    "The records of this pipeline have no dates, so nothing can be forecast.": "此流程"
    "的记录没有日期，无法预测。",
    "Bring in when deals were created and closed, and train again.": "请导入商机的创建与结束日期，"
    "再重新训练。",
    "Sellers' commit": "销售承诺",
    "Stage-weighted": "阶段加权",
    "Handbook: new revenue": "手册公式：新增业绩",
    "Handbook: new customers": "手册公式：新增客户",
    "Commit": "销售承诺",
    "By stage": "阶段加权",
    "By revenue": "手册：业绩",
    "By customers": "手册：客户",
    "Middle": "中位",
    "eight in ten: {} to {}": "八成把握：{}至{}",
    "Won already": "已成交",
    "From open deals": "来自在手商机",
    "From deals not known yet": "来自未来新商机",
    "Chance of the target": "达成目标的可能性",
    "Low (10 %)": "低（10%）",
    "High (90 %)": "高（90%）",
    "The band holds eight in ten. The thin lines are what others would say; they stand "
    "below.": "阴影为八成把握的范围。细线为其他算法的结果，见下方。",
    "What others would say": "其他算法",
    "What moved it": "变动",
    "Means, which add up; the headline tells the middle, which is another number.": "均为平均值，"
    "可以相加；标题所示为中位数，两者不同。",
    "No earlier forecast of this period is kept.": "没有本期更早的预测。",
    "Run dealcast week each week: the walk of the quarter stands here from the second on.": "每周"
    "运行 dealcast week，自第二次起此处显示本季度的逐单变动。",
    "The largest changes": "最大变动",
    "Step": "变化",
    "Change": "金额变动",
    "Chance before and now": "先后概率",
    "Past forecasts against what came": "历史预测与实际",
    "Nobody has looked back at finished quarters yet.": "尚未回看已结束的季度。",
    "Whoever runs Dealcast looks back, which takes a fit a quarter:": "由Dealcast管理员回看，"
    "每个季度需训练一次：",
    "As told on": "预测日期",
    "Came": "实际",
    "In the range": "在范围内",
}
MODEL: Final = {
    "Can I trust it?": "可信吗？",
    "Whoever runs Dealcast trains it:": "由Dealcast管理员训练：",
    "Of 100 deals scored around {}, {} were won": "评分约{}的100个商机中，有{}个赢单",
    "in the backtest, on {} closed deals": "回测，{}个已结束商机",
    "Of 100 deals given {}% to be won within {} days, {} were": "赢单概率约{}%（{}天内）的"
    "100个商机中，有{}个赢单",
    "in use, on {} deals": "实际使用，{}个商机",
    "The backtest says nothing of grades yet: too few deals have closed.": "已结束商机太少，"
    "回测尚不能说明各等级。",
    "Champion": "现用模型",
    "Since": "启用于",
    "No data came in for {} days.": "已{}天没有新数据。",
    "The model has learned nothing for {} days: train it again.": "模型已{}天"
    "未学习新数据：请重新训练。",
    "By segment, within {} days": "按分组，{}天内",
    "Segment": "分组",
    "Drift": "漂移",
    "Of {} deals closed in the last {} days, {} were won.": "结束{}个商机（最近{}天），赢单{}。",
    "Of {} closed in the {} days before, {} were won.": "此前结束{}个（再往前{}天），赢单{}。",
    "Mean chance said": "平均所说赢单概率",
    "Accounts": "客户分组",
    "Number": "客户数",
    "held out": "留出",
    "free to be listed": "可进清单",
    "Too few accounts, or too few that won, to tell a difference.": "客户或赢单客户太少，尚不能"
    "判断差异。",
    "Beyond what was said of each, the share won within {} days differs by {} points where deals "
    "could be listed; 95 % interval {} to {}.": "扣除事先所说，可进清单的商机"
    "{}天内的赢单率相差{}个百分点；95%区间{}至{}。",
    "Knows up to": "学习数据截至",
    "Newest record it saw": "所见最新记录",
    "Data brought in": "数据更新于",
    "Served by": "提供方",
    "Snapshots it learned from": "学习样本",
    "Scored deals against what was won": "评分与实际赢单",
    "Closed": "已结束",
    "Likely range": "可能范围",
    "On the dashed line, what was said is what came. The strokes are 95 % intervals.": "虚线上，"
    "所说即所得。竖线为95%区间。",
    "Share won by score, grade by grade; the numbers are in the table below.": "各等级的赢单比例；"
    "数值见下方数据表。",
    "The evidence: deals of the past that it had not seen": "证据：未学习过的历史商机",
    "Within": "期限",
    "Wins said": "预计赢单",
    "Wins that came": "实际赢单",
    "Tells apart (AUC)": "区分度（AUC）",
    "Baseline": "基线",
    "in the end": "最终",
    "In use: what it said and what came": "实际使用：所说与所得",
    "Nothing that it said has come due yet.": "所说的期限均未到。",
    "This table fills once the first days ahead have passed: in {} days at the earliest.": "首个"
    "期限过后此表开始有数：最早{}天后。",
    "What these figures may not claim": "这些数字不能说明什么",
    "They say how well it foresees. They do not say that working a deal wins it: whoever is likely "
    "to win is worked on more. Only a hold-out tells that, drawn by chance and left off the list; "
    "its difference holds for the deals and weeks it was drawn from, and not for one deal.": "它们"
    "说明预测得准不准，不说明跟进就能赢单：赢面大的商机本来就跟进得多。只有随机留出、不进清单的对照组"
    "能说明；其差异只适用于所抽取的商机与周次，不适用于单个商机。",
    "{} of the accounts are held out.": "{}的客户被留出。",
    "No account is held out here now, so the effect of the list is not measured.": "目前没有留出"
    "客户，因此清单的效果未被测量。",
    "The backtest is of the whole pipeline; the table in use is of the deals within your "
    "rights, as the model said that served then.": "回测为整个流程；实际使用表"
    "只含您权限内的商机，为当时所用模型所说。",
    "Nothing lies within: it is too early to say that the list does anything.": "区间含零：尚不能"
    "说明清单有作用。",
    "No exchange rate of {} is known here; amounts are in {}.": "没有{}的汇率；金额以{}计。",
    "of the target of {}": "目标{}",
    "The earlier forecast was made by another model, so part of what moved is the model's.": ""
    "此前的预测由另一个模型作出，部分变动来自模型更换。",
    "Amounts as they stand; a forecast counts each open deal by its chance.": "金额为当前金额；"
    "预测按赢单概率计入每个在手商机。",
}
CHINESE: Final = SHARED | FUNNEL | FORECAST | MODEL
