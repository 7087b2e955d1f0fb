"""Every phrase of reports, pictures and the command line is in both languages, none left over."""

import re
import string
from dataclasses import fields
from pathlib import Path

import pytest

from data.ingest import TableReport
from models.calendar import NAMES
from pipelines import phrases as console
from training import phrases
from training.effects import CALENDAR
from training.phrases import BASELINES, say
from training.segments import OTHERS, SEGMENTS, UNKNOWN

TRAINING, PIPELINES = (Path(module.__file__).parent for module in (phrases, console))
TOLD = "\n".join(
    (TRAINING / name).read_text("utf-8")
    for name in ("report.html", "report.py", "verdict.py", "plots.py", "effects.py")
)
ANSWERED = "\n".join(
    file.read_text("utf-8") for file in PIPELINES.rglob("*.py") if file.name != "phrases.py"
)
CALLED = re.compile(r'(?:say\([^()]*\)|say|words)\(\s*((?:"[^"]*"\s*)+)\)')
"""A phrase where it is said, in one string or in several that Python joins."""


def _fields(phrase: str) -> list[str]:
    return sorted(
        f"{name}:{form}"
        for _, name, form, _ in string.Formatter().parse(phrase)
        if name is not None
    )


def _said(source: str) -> set[str]:
    joined = [re.sub(r'"\s*"', "", strings) for strings in CALLED.findall(source)]
    return {strings.strip()[1:-1] for strings in joined}


@pytest.mark.parametrize("phrase", sorted(phrases._CHINESE))
def test_a_phrase_is_used_and_tells_the_same_in_both_languages(phrase: str) -> None:
    named = {*SEGMENTS, OTHERS, UNKNOWN, *BASELINES.values()}
    assert phrase in named or f'"{phrase.removesuffix(".png")}"' in TOLD
    assert _fields(say("en")(phrase)) == _fields(say("zh")(phrase))


@pytest.mark.parametrize("phrase", sorted(console._CHINESE))
def test_a_phrase_of_the_command_line_is_used_and_tells_the_same(phrase: str) -> None:
    counted = [one.name for one in fields(TableReport)]
    assert phrase in {*_said(ANSWERED), *counted} or f'"{phrase}"' in ANSWERED
    assert _fields(console.say("en")(phrase)) == _fields(console.say("zh")(phrase))
    assert phrase not in phrases._CHINESE


def test_every_phrase_that_is_told_is_there() -> None:
    told = _said(TOLD)
    assert len(told) > 30
    for phrase in told:
        assert say("zh")(phrase) is not None
    answered = _said(ANSWERED)
    assert len(answered) > 20
    for phrase in answered:
        assert console.say("zh")(phrase) is not None


def test_a_phrase_that_is_missing_is_found_out_in_english_too() -> None:
    for speaker in (say, console.say):
        with pytest.raises(KeyError):
            speaker("en")("never said")


def test_every_column_of_the_calendar_has_a_name() -> None:
    assert set(CALENDAR) == set(NAMES)
