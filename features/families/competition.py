"""Who else is in: the attribute `competitor`, where the mapping declares one as words."""

import narwhals as nw

from features.catalogue import Family
from features.history import History
from features.track import share_won

competition = Family()


@competition.feature(
    "contested:{}",
    each="rivals",
    zh="已知有竞争对手",
    en="a competitor is known",
    unit="count",
    group="fit",
    topic="competition",
)
def contested(history: History, word: str) -> nw.Expr:
    return (~nw.col(word).is_null()).cast(nw.Int64)


@competition.feature(
    "record_against:{}",
    each="rivals",
    zh="对该竞争对手的历史赢单率",
    en="share won against this competitor",
    unit="ratio",
    direction=1,
    group="fit",
    topic="competition",
)
def record_against(history: History, word: str) -> nw.Expr:
    return share_won("rival", history.context)
