"""Sentences: the fact and what is usual, as people say it in both languages."""

from dataclasses import replace

import pytest

from features.catalogue import Family, Feature
from features.context import Context
from features.history import History
from models.sentence import LANGUAGES, quantity, sentence
from models.usual import Usual

NO_REPLY = Feature(
    "no_reply",
    "客户未回应",
    "time since the customer's last word",
    "days",
    "engagement",
    zh_fact="客户{}未回应",
    en_fact="no reply for {}",
)
AMOUNT = Feature("amount", "金额", "amount", "money", "fit")
SHARE = Feature("share", "占比", "share", "ratio", "fit")
STAGE = Feature("stage", "阶段", "stage", "", "process", kind="category")
USUAL = Usual(
    ("no_reply", "amount", "share"), (4.0, 1000.0, None), {"offer": (6.0, 12_000.0, 0.25)}
)


GOLDEN = ("客户19天未回应；本阶段通常6天", "no reply for 19 days; usual at this stage: 6")
MONEY = ("金额：1,234；本阶段通常12,000", "amount: 1,234; usual at this stage: 12,000")
REPLY = "time since the customer's last word"


@pytest.mark.parametrize(
    ("feature", "value", "stage", "zh", "en"),
    [
        (NO_REPLY, 19.2, "offer", *GOLDEN),
        (NO_REPLY, 1.0, "rare", "客户1天未回应；通常4天", "no reply for 1 day; usual: 4"),
        (NO_REPLY, None, None, "客户未回应：无；通常4天", f"{REPLY}: none yet; usual: 4"),
        (AMOUNT, 1234.5, "offer", *MONEY),
        (
            SHARE,
            0.125,
            "offer",
            "占比：12%；本阶段通常25%",
            "share: 12 %; usual at this stage: 25 %",
        ),
        (SHARE, 0.125, "rare", "占比：12%", "share: 12 %"),  # nothing is usual of it
        (STAGE, "offer", "offer", "阶段：offer", "stage: offer"),
    ],
)
def test_a_fact_is_told_with_what_is_usual(
    feature: Feature, value: float | str | None, stage: str | None, zh: str, en: str
) -> None:
    told = tuple(sentence(feature, value, USUAL, stage, language) for language in LANGUAGES)
    assert told == (zh, en)


@pytest.mark.parametrize(
    ("effect", "zh", "en"),
    [
        (
            0.4,
            "处于offer；此类商机赢单42%，全部为30%",
            "at offer; of such deals 42 % are won, of all 30 %",
        ),
        (-0.4, "处于offer", "at offer"),  # what goes with the stage made them win, not the stage
    ],
)
def test_what_became_of_a_word_is_told_where_it_points_as_the_effect_does(
    effect: float, zh: str, en: str
) -> None:
    stage = replace(STAGE, zh_fact="处于{}", en_fact="at {}")
    usual = replace(USUAL, won=0.3, won_of={"stage": {"offer": 0.42}})
    told = [sentence(stage, "offer", usual, "offer", one, effect) for one in LANGUAGES]
    assert told == [zh, en]
    assert sentence(stage, "rare", usual, "rare", "en", effect) == "at rare"


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.0, "count", "0"),
        (-0.04, "days", "0 days"),
        (-0.3, "days", "-0.3 days"),
        (9.96, "days", "10 days"),
        (1.0, "days", "1 day"),
        (2.5, "count", "2.5"),
        (0.05, "", "0.05"),
        (1e9, "money", "1,000,000,000"),
        ("已批", "", "已批"),
    ],
)
def test_quantities_have_no_more_digits_than_people_read(
    value: float | str, unit: str, text: str
) -> None:
    assert quantity(value, unit, "en") == text


def test_a_repeated_feature_puts_its_word_and_its_quantity_each_in_its_place() -> None:
    family = Family()
    family.feature(
        "since:{}",
        each="kinds",
        zh="距上次{}",
        en="time since the last {}",
        unit="days",
        group="engagement",
        topic="silence",
        zh_fact="上次{}在{{}}前",
        en_fact="last {} {{}} ago",
    )(lambda history, kind: kind)
    context = Context(stages=(), kinds=("call {x}",), windows=())
    ((feature, _),) = family.ask(History(context))
    none = Usual((), (), {})
    assert feature.topic == "silence"
    assert sentence(feature, 3.0, none, None, "en") == "last call {x} 3 days ago"
    assert sentence(feature, 3.0, none, None, "zh") == "上次call {x}在3天前"
    assert sentence(feature, None, none, None, "en") == "time since the last call {x}: none yet"


def test_a_window_of_one_day_is_named_in_the_singular() -> None:
    windowed = Feature("done_in:{}", "近{}天", "done in {} days", "count", "engagement")
    assert [windowed.named(days).en for days in (1, 21)] == ["done in 1 day", "done in 21 days"]
