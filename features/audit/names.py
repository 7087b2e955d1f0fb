"""What a column's name says: that it tells of the end, of the deal's course, or of a judgement.

A name proves nothing. It counts only where the values go with the outcome as well.
"""

import re
from typing import Final

from features.audit.finding import Evidence

_MEANINGS: Final = (
    (
        "结局",
        "the end",
        r"won|win|lost|loss|clos(e|ed|ing)|outcome|result|final|reason|signed|churn(ed)?"
        r"|conver(ted|sion)|cancel(l?ed)?|approved|accepted|declined|rejected",
        "赢单|输单|丢单|成交|结单|关闭|结束|结果|最终|原因|签约|签单|转化|流失",
    ),
    (
        "进程",
        "how the deal went",
        r"stages?|milestones?|elapsed|duration|last|latest|chang(e|es|ed)|modified|updated"
        r"|identified|qualified|validated|negotiat(ed|ion)",
        "阶段|里程碑|历时|时长|用时|耗时|停留|最后|最近|最新|变更|变动|更新",
    ),
    (
        "评判",
        "a judgement made of it",
        r"scores?|index|quality|rating|rank|grade|tags?|labels?|profile|probability|likelihood"
        r"|(lead|deal|opportunity|sales|call) (status|state)",
        "评分|得分|指数|质量|评级|等级|标签|画像|概率|状态",
    ),
)
"""What words speak of (zh, en), in English as whole words and in Chinese anywhere."""
_BEFORE: Final = re.compile(
    r"\b(previous|past|earlier|prior|initial|first|expected|planned|estimated|target)\b"
    r"|以往|上次|历史|首次|初始|预计|预期|计划|目标"
)
"""Words that say it was known before, whatever else the name says."""


def name_evidence(name: str) -> list[Evidence]:
    """Return what a column's name speaks of, if that is known only late in a deal's life."""
    words = _spaced(name)
    if _BEFORE.search(words):
        return []
    found = []
    for zh, en, english, chinese in _MEANINGS:
        match = re.search(rf"\b({english})\b|{chinese}", words)
        if match:
            said = match.group()
            zh_said, en_said = f"名称含“{said}”，指{zh}", f"its name says {said!r}: {en}"
            found.append(Evidence("name", "name", 1.0, zh_said, en_said))
    return found[:1]


def _spaced(name: str) -> str:
    """Return lower-case words: LastActivity, last_activity and Last-Activity are one."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    return re.sub(r"[\W_]+", " ", apart).lower()
