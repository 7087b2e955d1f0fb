"""Every phrase of reports and pictures is in both languages, and none is left over."""

import re
import string
from pathlib import Path

import pytest

from training import phrases
from training.phrases import say
from training.segments import OTHERS, SEGMENTS, UNKNOWN

TRAINING = Path(phrases.__file__).parent
TOLD = "\n".join(
    (TRAINING / name).read_text("utf-8") for name in ("report.html", "plots.py", "effects.py")
)


def _fields(phrase: str) -> list[str]:
    return sorted(
        f"{name}:{form}"
        for _, name, form, _ in string.Formatter().parse(phrase)
        if name is not None
    )


@pytest.mark.parametrize("phrase", sorted(phrases._CHINESE))
def test_a_phrase_is_used_and_tells_the_same_in_both_languages(phrase: str) -> None:
    assert phrase in {*SEGMENTS, OTHERS, UNKNOWN} or f'"{phrase.removesuffix(".png")}"' in TOLD
    assert _fields(say("en")(phrase)) == _fields(say("zh")(phrase))


def test_every_phrase_that_is_told_is_there() -> None:
    told = re.findall(r'(?:say|words)\("([^"]*)"', TOLD)
    assert len(told) > 30
    for phrase in told:
        assert say("zh")(phrase) is not None


def test_a_phrase_that_is_missing_is_found_out_in_english_too() -> None:
    with pytest.raises(KeyError):
        say("en")("never said")
