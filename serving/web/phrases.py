"""What the pages say, in English and Chinese; the English words are the key.

A phrase is put into the language by `say`, in Python and, as `_`, in templates. Tests read both
and see that each phrase is here, and that none is here that no page says.
"""

from collections.abc import Callable
from typing import Final, TypeAlias

from serving.access.viewer import Language
from serving.web import desk_phrases, reached_phrases

Say: TypeAlias = Callable[[str], str]

_FRAME: Final = {
    "Skip to the content": "跳到正文",
    "Pages": "页面",
    "This week": "本周",
    "Deals": "商机",
    "Model": "模型",
    "Account": "账户",
    "Sign out": "退出",
    "Whose": "范围",
    "Everyone": "全部",
    "My deals": "我的商机",
    "No deals": "无商机",
    "Pipeline": "流程",
    "Week": "周",
    "Show": "显示",
    "Language": "语言",
    "Data of": "数据更新于",
    "knows up to": "学习数据截至",
    "No model serves this pipeline.": "此流程尚无模型。",
    "Times in": "时区",
    "Amounts in": "金额以",
    "This is not the password now.": "当前密码不对。",
    "The new one is too short, or easily guessed.": "新密码太短，或容易被猜到。",
    ". ": "。",
    "Numbers": "数据表",
    "Back": "上一页",
    "On": "下一页",
    "Pages of the table": "表格分页",
    "{} to {} of {}": "第{}至{}条，共{}条",
    "Not enough history yet: showing the stage baseline": "历史数据不足：显示阶段基线",
    "Grade": "等级",
    "against last week": "较上周",
    "today": "今天",
    "1 day ago": "1天前",
    "{} days ago": "{}天前",
    "{} days": "{}天",
    ", ": "、",
    "Print": "打印",
}
_DOOR: Final = {
    "Sign in": "登录",
    "E-mail": "邮箱",
    "Password": "密码",
    "Sign in with the company's account": "使用公司账号登录",
    "No account, or the password is lost? Ask whoever runs Dealcast.": "没有账号或忘记密码？"
    "请联系Dealcast管理员。",
    "To the start": "返回首页",
    "Signing in failed": "登录失败",
    "Check e-mail and password, or ask whoever runs Dealcast.": "请检查邮箱和密码，"
    "或联系Dealcast管理员。",
    "This is not for you to see": "您无权查看此内容",
    "Ask whoever runs Dealcast, if you think that it should be.": "如认为应有权限，"
    "请联系Dealcast管理员。",
    "Nothing is here": "这里没有内容",
    "It may have been deleted, or it is not within your rights.": "可能已被删除，"
    "或不在您的权限内。",
    "This address asks for something that is not there": "此地址请求的内容不存在",
    "Go back, or begin at the start.": "请返回，或从首页开始。",
    "Too many tries": "尝试次数过多",
    "Wait a quarter of an hour, then try again.": "请等待十五分钟后再试。",
    "Something went wrong on our side": "系统出错",
    "It was written down. Try again, or tell whoever runs Dealcast.": "错误已记录。请重试，"
    "或告知Dealcast管理员。",
    "Not ready yet": "尚未就绪",
    "Try again in a moment.": "请稍后再试。",
    "This did not work": "操作未成功",
}
_ACCOUNT: Final = {
    "Name": "姓名",
    "Role": "角色",
    "Manager": "经理",
    "Sales operations": "销售运营",
    "Administrator": "管理员",
    "Another password": "修改密码",
    "The password now": "当前密码",
    "The new one": "新密码",
    "Twelve characters or more. You sign in again afterwards, everywhere.": "至少十二个字符。"
    "修改后所有设备需重新登录。",
    "Change it": "修改",
    "You sign in with the company's account, so there is no password here.": "您使用公司账号登录，"
    "此处没有密码。",
}
_WEEK: Final = {
    "What do I do first, and why?": "先做什么，为什么？",
    "No list was published for this pipeline yet.": "此流程尚未发布清单。",
    "No list was published for this week.": "这一周没有发布清单。",
    "Choose another week at the top.": "请在上方选择其他周。",
    "On the list": "清单上",
    "Whoever runs Dealcast publishes it:": "由Dealcast管理员发布：",
    "None of these deals is on this week's list.": "所选范围内没有商机进入本周清单。",
    "Choose another scope or week at the top, or look at all deals.": "请在上方选择其他范围或周次，"
    "或查看全部商机。",
    "{} of {} hours planned": "已安排{}小时，可用{}小时",
    "Find": "查找",
    "Deal, customer or seller": "商机、客户或负责人",
    "Group": "分组",
    "all": "全部",
    "Stage": "阶段",
    "Seller": "负责人",
    "Filter": "筛选",
    "Clear": "清除",
    "{} of {}": "{} / {}",
    "{} deals": "{}个商机",
    "No deal of the list fits this filter.": "清单中没有符合条件的商机。",
    "Clear it to see the whole list.": "清除筛选以查看完整清单。",
    "Deal": "商机",
    "Next step": "下一步",
    "Value at stake": "可争取价值",
    "Won by {}": "{}前赢单",
    "Won in the end": "最终赢单",
    "Expected close": "预计成交",
    "Why": "理由",
    "Last touch": "最近跟进",
    "What became of it": "处理结果",
    "Must do": "必须做",
    "At risk": "有风险",
    "Most worth": "最值得",
    "due {}": "{}前",
    "of {}": "金额{}",
    "Chance": "赢单概率",
    "Keys: j and k move, Enter opens, / finds.": "快捷键：j、k移动，回车打开，/ 查找。",
    "Why is a deal not on the list?": "为什么某个商机不在清单上？",
    "Call": "拨打",
    "Phone call": "电话",
    "Rests until {}": "推迟至{}",
    "Not now: {}": "暂不跟进：{}",
    "Open again": "重新打开",
    "Not on the list": "未列入清单",
    "Open deals that this week leaves out, each with why.": "本周未列入的在手商机及原因。",
    "Every open deal is on the list.": "所有在手商机都在清单上。",
    "Why not": "原因",
    "Done": "已完成",
    "Later or not at all": "推迟或搁置",
    "Snooze": "推迟",
    "1 day": "1天",
    "3 days": "3天",
    "1 week": "1周",
    "Not now, because": "暂不跟进，原因",
    "Not now": "暂不跟进",
}
_DEAL: Final = {
    "Decision": "决定",
    "Follow first": "优先跟进",
    "Hold": "暂缓",
    "Drop": "放弃",
    "Risk": "风险",
    "Spent of expected value": "费用 / 预期价值",
    "Won on {}": "{}赢单",
    "Lost on {}": "{}输单",
    "No model serves this pipeline yet, so nothing is forecast of this deal.": "此流程尚无模型，"
    "无法预测此商机。",
    "Grade and score": "等级与评分",
    "by the same model a week ago: {}": "同一模型较上周{}",
    "Won within {} days": "{}天内赢单",
    "Amount at close": "预计成交金额",
    "Amount": "金额",
    "Age": "商机年龄",
    "Won or lost by then": "届时赢单或输单的概率",
    "By": "截至",
    "Won": "赢单",
    "Lost": "输单",
    "Members of the model": "模型成员",
    "Still open": "仍在手",
    "The band shows how far the members of the model lie apart; each was taught without one part "
    "of the history.": "阴影表示模型各成员之间的差异；每个成员的训练都缺少一部分历史。",
    "Probability to be won and to be lost over the days ahead; the numbers are in the table "
    "below.": "未来各日赢单与输单的概率；数值见下方数据表。",
    "won": "赢单",
    "lost": "输单",
    "Fit: who they are": "匹配：客户是谁",
    "Engagement: what they do": "互动：客户做了什么",
    "Process: how it moves": "进程：商机如何推进",
    "People: who is covered": "人员：接触了谁",
    "what the group adds to the log-odds of won against lost": "该组对赢输对数几率的贡献",
    "Speaks for it:": "有利：",
    "Speaks against it:": "不利：",
    "nothing that stands out": "无突出因素",
    "What would change it": "什么会改变评分",
    "Were this so": "若如此",
    "Points": "百分点",
    "As it stands": "现状",
    "It moves to {}": "进入{}",
    "Done today: {}": "今天完成：{}",
    "Known: {}": "已接触：{}",
    "What the model makes of the fact, all else as it is; not what doing it would bring.": "其他"
    "不变时模型对该事实的反应，并非实际去做的效果。",
    "What happened": "经过",
    "Score": "评分",
    "{} earlier ones": "更早的{}条",
    "The seller says, the model says": "销售与模型的判断",
    "Close": "成交日",
    "Won by the stated close": "在销售预计日前赢单",
    "committed": "承诺",
    "best case": "争取",
    "in the pipeline": "储备",
    "not counted on": "不计入",
    "Milestones": "里程碑",
    "C confirmed, F failed, W waiting": "C 已确认，F 未通过，W 待定",
    "The source keeps no checklist.": "数据源没有检查表。",
    "Who is covered": "关键人覆盖",
    "missing": "缺失",
    "Facts": "资料",
    "Source": "来源",
    "Product": "产品",
    "Created": "创建",
    "Industry": "行业",
    "Region": "地区",
    "Employees": "员工数",
    "Revenue a year": "年收入",
    "Team": "团队",
    "Stated close": "预计成交日（销售）",
    "cleared": "已清空",
    "from the customer": "客户发起",
    "to the customer": "我方发起",
    "{} min": "{}分钟",
    "planned": "已计划",
    "started": "进行中",
    "cancelled": "已取消",
    "Mail": "邮件",
    "Meeting": "会议",
    "Chat": "聊天",
    "Contact": "联系人",
    "Milestone": "里程碑",
    "confirmed": "已确认",
    "failed": "未通过",
    "waiting": "待定",
    "decision maker": "决策人",
    "economic buyer": "经济决策者",
    "technical evaluator": "技术评估人",
    "user": "使用者",
    "coach": "内部支持者",
}
_DEALS: Final = {
    "Find any open deal, as it stands now. Funnel, forecast, attainment and reviews count as of "
    "the moment that they name.": "查找任意在手商机（当前状态）。漏斗、预测、达成与复盘"
    "以页面所示时刻为准。",
    "Views": "视图",
    "Likeliest first": "赢面最大",
    "Closing next": "最快成交",
    "Largest first": "金额最大",
    "Longest silent": "最久未跟进",
    "Columns": "列",
    "No open deal fits this filter.": "没有符合条件的在手商机。",
    "Clear it to see all deals.": "清除筛选以查看全部商机。",
    "No open deal was scored here yet.": "尚无已评分的在手商机。",
    "Whoever runs Dealcast scores them:": "由Dealcast管理员评分：",
    "First page": "第一页",
    "This view is its address: keep it as a bookmark, or send it.": "此视图即其地址："
    "可收藏或转发。",
}
CHINESE: Final = (
    _FRAME
    | _DOOR
    | _ACCOUNT
    | _WEEK
    | _DEAL
    | _DEALS
    | desk_phrases.CHINESE
    | reached_phrases.CHINESE
)


def say(language: Language) -> Say:
    """Return the function that puts a phrase into a language.

    It raises KeyError for a phrase that has no Chinese, in either language, so that none is
    forgotten.
    """

    def said(phrase: str) -> str:
        chinese = CHINESE[phrase]
        return chinese if language == "zh" else phrase

    return said
