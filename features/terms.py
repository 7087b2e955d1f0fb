"""The terms of a prose field: what many deals' texts mention, each a feature that people can read.

Words of three letters and more; of Chinese, runs of two to eight characters. A run needs no
segmenter: one that is not a word is seldom frequent, and where a longer run says nearly the same
as a shorter one only the longer stays. Terms are learned by how many texts mention them and not
by what became of the deals, so no outcome leaks into them.
"""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Final

import narwhals as nw

from data.contract import Pipeline
from data.tables import Frame, Tables, collect

MOST_TERMS: Final = 40
"""Terms of one field, the most frequent."""
LEAST_TEXTS: Final = 20
"""Texts that mention a term at least."""
_SHARES: Final = (0.01, 0.5)
"""Of all texts, those that mention a term: below it is rare, above it says little."""
_SAME: Final = 0.8
"""Of the texts that mention a term, those that mention a longer one with it: it goes without."""
_TEXTS: Final = 20_000
"""Texts that terms are learned from at most."""
_RUN: Final = range(2, 9)
"""Lengths of runs: eight characters are a phrase, and its parts go where they say the same."""
_WORD: Final = re.compile(r"[^\W\d_\u4e00-\u9fff]{3,}")
_CHINESE: Final = re.compile(r"[\u4e00-\u9fff]{2,}")

Term = tuple[str, str, str, str]
"""The field, the term, and what people call the field in zh and en."""


def terms(tables: Tables, pipeline: Pipeline, policy: str) -> tuple[Term, ...]:
    """Learn the terms of a pipeline's prose fields that have a policy.

    Args:
        tables: cut at the moment of training.
        pipeline: names its attributes.
        policy: "fixed" or "tracked".
    """
    return tuple(
        (name, term, one.zh or name, one.en or name)
        for name, one in pipeline.attributes.items()
        if (one.type, one.policy) == ("prose", policy)
        for term in frequent(_texts(tables, name, policy))
    )


def mentions(field: nw.Expr, term: str) -> nw.Expr:
    """1 where a text mentions a term, 0 where not, null where there is no text."""
    return field.str.to_lowercase().str.contains(term, literal=True).cast(nw.Int64)


def frequent(texts: list[str]) -> list[str]:
    """Return the terms that many of the texts mention, the most frequent first."""
    found = Counter(term for text in texts for term in set(_all(text.lower())))
    least, most = (share * len(texts) for share in _SHARES)
    kept = {term: n for term, n in found.items() if max(least, LEAST_TEXTS) <= n <= most}
    ranked = sorted(kept, key=lambda term: (-kept[term], term))
    alone = [term for term in ranked if not _within(term, kept)]
    return alone[:MOST_TERMS]


def _all(text: str) -> Iterator[str]:
    yield from _WORD.findall(text)
    for run in _CHINESE.findall(text):
        for length in _RUN:
            yield from (run[at : at + length] for at in range(len(run) - length + 1))


def _within(term: str, kept: dict[str, int]) -> bool:
    """Tell whether nearly every text that mentions a term mentions a longer one around it."""
    return any(
        len(other) > len(term) and term in other and n >= _SAME * kept[term]
        for other, n in kept.items()
    )


def _texts(tables: Tables, name: str, policy: str) -> list[str]:
    said: Frame = (
        tables.deals.select(text=name)
        if policy == "fixed"
        else tables.changes.filter(nw.col("field") == name).select(text="value")
    )
    texts = collect(said)["text"].drop_nulls().sort()
    every = -(-len(texts) // _TEXTS)
    return texts.gather_every(max(every, 1)).to_list()
