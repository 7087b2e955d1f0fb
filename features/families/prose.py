"""What texts mention: the frequent terms of attributes whose type is prose."""

import narwhals as nw

from features.catalogue import Family
from features.history import History, change
from features.terms import Term, mentions

prose = Family()


@prose.feature(
    "mentions:{0[0]}:{0[1]}",
    each="fixed_terms",
    zh="{0[2]}提到“{0[1]}”",
    en="{0[3]} mentions {0[1]}",
    unit="count",
    group="fit",
    topic="mentions:{0[0]}",
)
def fixed_mentions(history: History, term: Term) -> nw.Expr:
    return mentions(nw.col(term[0]), term[1])


@prose.feature(
    "mentions:{0[0]}:{0[1]}",
    each="tracked_terms",
    zh="{0[2]}提到“{0[1]}”",
    en="{0[3]} mentions {0[1]}",
    unit="count",
    group="process",
    topic="mentions:{0[0]}",
)
def tracked_mentions(history: History, term: Term) -> nw.Expr:
    return mentions(history.held(change(term[0])), term[1])
