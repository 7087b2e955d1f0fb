"""The terms of prose: what many texts mention, by counting, and nothing of how deals ended."""

from itertools import product

import polars as pl
import pytest

from data.contract import Attribute, Pipeline
from data.records import normalise
from data.tables import lazy_tables
from features.catalogue import Feature
from features.compute import catalogue
from features.context import Context
from features.terms import LEAST_TEXTS, MOST_TERMS, frequent
from tests.histories import START

OTHERS = ["无"] * 60


def test_words_and_runs_of_characters_that_many_texts_mention() -> None:
    texts = ["客户要求先做演示", "Send the quote"] * LEAST_TEXTS + ["a, an, 24/7"] * 60
    found = frequent(texts)
    assert {"send", "the", "quote"} <= set(found)
    # its parts never stand without what is around them
    assert {term for term in found if "演示" in term} == {"客户要求先做演示"}


def test_a_run_stays_beside_a_longer_one_where_it_says_more() -> None:
    texts = ["已批预算"] * LEAST_TEXTS + ["预算未定"] * LEAST_TEXTS + OTHERS
    assert set(frequent(texts)) == {"预算", "已批预算", "预算未定"}


@pytest.mark.parametrize(("times", "others"), [(LEAST_TEXTS - 1, 0), (LEAST_TEXTS, 2000), (70, 60)])
def test_what_is_rare_or_in_most_texts_is_no_term(times: int, others: int) -> None:
    assert frequent(["预算"] * times + ["无"] * max(others, 60 if times < 70 else 0)) == []


def test_there_are_not_too_many() -> None:
    words = ["".join(one) for one in product("abc", repeat=4)]
    assert len(words) > MOST_TERMS
    assert len(frequent(words * LEAST_TEXTS)) == MOST_TERMS


def test_prose_is_read_and_is_no_category() -> None:
    pipeline = Pipeline(
        name="noted",
        attributes={"note": Attribute(type="prose", policy="fixed", zh="备注", en="notes")},
    )
    notes = ["需要演示"] * LEAST_TEXTS + OTHERS
    deals = pl.DataFrame(
        {"deal_id": [f"d{n}" for n in range(len(notes))], "created_at": START, "note": notes}
    )
    tables = lazy_tables(normalise({"deals": deals}, pipeline).frames, pipeline)
    context = Context.learn(tables, pipeline, 7)
    assert context.fixed_terms == (("note", "需要演示", "备注", "notes"),)
    assert Context.from_dict(context.to_dict()) == context
    named = {one.name: one for one in catalogue(context) if "note" in one.name}
    (feature,) = named.values()
    assert isinstance(feature, Feature)
    assert (feature.zh, feature.en) == ("备注提到“需要演示”", "notes mentions 需要演示")
    assert feature.topic == "mentions:note"
