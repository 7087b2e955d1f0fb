"""Sentences: a deal's fact and what is usual, in Chinese and English."""

from typing import Final, Literal, TypeAlias

from features.catalogue import Feature
from models.usual import Usual

Language: TypeAlias = Literal["zh", "en"]
LANGUAGES: Final[tuple[Language, Language]] = ("zh", "en")

_COLON: Final = {"zh": "：", "en": ": "}
_NO_VALUE: Final = {"zh": "无", "en": "none yet"}
_USUAL: Final = {"zh": "；通常{}", "en": "; usual: {}"}
_USUAL_OF_STAGE: Final = {"zh": "；本阶段通常{}", "en": "; usual at this stage: {}"}
_BECAME: Final = {
    "zh": "；此类商机赢单{}，全部为{}",
    "en": "; of such deals {} are won, of all {}",
}
_UNITS: Final = {"days": {"zh": "天", "en": " days"}, "ratio": {"zh": "%", "en": " %"}}


def sentence(
    feature: Feature,
    value: float | str | None,
    usual: Usual,
    stage: str | None,
    language: Language,
    effect: float = 0.0,
) -> str:
    """Say a feature's fact and what is usual: "no reply for 19 days; usual at this stage: 6".

    Of a word, what became of other deals with it is told where that points as the effect does:
    "at offer; of such deals 31 % are won, of all 22 %". Where it does not, other facts that go
    with the word are behind that share, and telling it would confuse.

    Args:
        feature: what the fact is called.
        value: the fact; None where there is none yet.
        usual: what it is set against.
        stage: the deal's.
        language: zh or en.
        effect: what the fact does to the log-odds of won against lost.
    """
    fact = _fact(feature, value, language)
    if isinstance(value, str):
        return fact + _became(feature, value, usual, effect, language)
    return fact + _usual(feature, usual, stage, language)


def _became(feature: Feature, word: str, usual: Usual, effect: float, language: Language) -> str:
    share = usual.won_of.get(feature.name, {}).get(word)
    if share is None or usual.won is None or (share - usual.won) * effect <= 0:
        return ""
    told = (quantity(one, "ratio", language) for one in (share, usual.won))
    return _BECAME[language].format(*told)


def _fact(feature: Feature, value: float | str | None, language: Language) -> str:
    chinese = language == "zh"
    told = _NO_VALUE[language] if value is None else quantity(value, feature.unit, language)
    fact = feature.zh_fact if chinese else feature.en_fact
    if fact and value is not None:
        return fact.replace("{}", told)
    return (feature.zh if chinese else feature.en) + _COLON[language] + told


def _usual(feature: Feature, usual: Usual, stage: str | None, language: Language) -> str:
    median = usual.of(stage).get(feature.name)
    if median is None:
        return ""
    form = _USUAL_OF_STAGE if stage in usual.by_stage else _USUAL
    # in English the fact has just named the days; in Chinese a number alone reads badly
    unit = "" if (language, feature.unit) == ("en", "days") else feature.unit
    return form[language].format(quantity(median, unit, language))


def quantity(value: float | str, unit: str, language: Language) -> str:
    """Write a value with its unit, in no more digits than people read: "19 days", "1,200", "2.5".

    Args:
        value: a word, which stays as it is, or a number; of a ratio, 1 is 100 %.
        unit: "days", "count", "money", "ratio" or "".
        language: of the unit.
    """
    if isinstance(value, str):
        return value
    number = 100 * value if unit == "ratio" else value
    digits = 0 if abs(number) >= 10 else 1 if abs(number) >= 1 or unit == "days" else 2
    text = f"{round(number, digits) + 0.0:,.{digits}f}"  # + 0.0 makes 0 of -0
    text = text.rstrip("0").rstrip(".") if digits else text
    name = _UNITS.get(unit, {}).get(language, "")
    return text + (" day" if (text, name) == ("1", " days") else name)
