"""What the contract's own words are called in zh and en; a word of a source stays as it is."""

from typing import Final

KINDS: Final = {
    "call": ("电话", "call"),
    "mail": ("邮件", "mail"),
    "meeting": ("会议", "meeting"),
    "chat": ("聊天", "chat"),
}
"""Kinds of activity."""
ROLES: Final = {
    "decision_maker": ("决策人", "decision maker"),
    "economic_buyer": ("经济决策者", "economic buyer"),
    "technical_evaluator": ("技术评估人", "technical evaluator"),
    "user": ("使用者", "user"),
    "coach": ("内部支持者", "coach"),
}
"""Parts that people play in buying."""
