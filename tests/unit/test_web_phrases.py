"""Every phrase of the pages is there in both languages, and none is there for nothing."""

import ast
import re
from pathlib import Path

import pytest
from jinja2 import Environment, nodes

from serving.web import (
    attainment,
    deal,
    deals,
    desked,
    errors,
    forecast,
    funnel,
    model,
    rendering,
    week,
    words,
)
from serving.web.phrases import CHINESE, say

WEB = Path(rendering.__file__).parent
TEMPLATES = sorted((WEB / "templates").glob("*.html"))
CHINESE_SIGN = re.compile(r"[\u4e00-\u9fff]")


def of_template(path: Path) -> set[str]:
    """Return the texts that a template gives to `_`."""
    tree = Environment(autoescape=True).parse(path.read_text("utf-8"))
    calls = [c for c in tree.find_all(nodes.Call) if getattr(c.node, "name", None) == "_"]
    return {one.value for call in calls for one in call.find_all(nodes.Const) if call.args}


def of_module(path: Path) -> set[str]:
    """Return the texts that a module gives to `say`, by whichever name."""
    tree = ast.parse(path.read_text("utf-8"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and node.args]
    spoken = [c for c in calls if ast.unparse(c.func).split(".")[-1] in ("say", "words")]
    return {c.args[0].value for c in spoken if isinstance(c.args[0], ast.Constant)}  # type: ignore[misc]


def said() -> set[str]:
    """Return every phrase that the pages may say."""
    found: set[str] = set()
    for path in TEMPLATES:
        found |= {text for text in of_template(path) if isinstance(text, str)}
    for module in WEB.glob("*.py"):
        found |= of_module(module)
    found |= {name for _, name in rendering.NAVIGATION}
    found |= {label for _, label, _ in week.GROUPS} | {label for _, label in deal.GROUPS}
    found |= set(deals.COLUMNS.values()) | {name for _, name in deals.VIEWS}
    found |= {name for _, name in desked.SPANS}
    found |= (
        set(desked.LABELS.values())
        | set(forecast.BASELINES.values())
        | set(forecast.SHORT.values())
    )
    tables = (attainment.METRICS, attainment.GROUPS, attainment.SIDES, attainment.BASES)
    periods = (desked.KINDS, funnel.PERIODS, forecast.PERIODS)
    found |= {label for labels in (*tables, *periods) for label in labels.values()}
    found |= set(model.SEGMENTS.values())
    found |= set(words.ACTIVITIES.values()) | set(words.COMMITS.values())
    found |= set(deal.DECISIONS.values())
    return found | {text for pair in (*errors.WORDS.values(), errors.OTHER) for text in pair}


DYNAMIC = {
    *("Won", "Lost"),  # how a deal ended
    *("planned", "started", "cancelled"),  # an activity's state
    *("confirmed", "failed", "waiting"),  # a milestone's
    *("decision maker", "economic buyer", "technical evaluator", "user", "coach"),
    *("It moves to {}", "Done today: {}", "Known: {}", "Stage", "Amount", "Seller", "Stated close"),
    *("from the customer", "to the customer"),
    *("new", "existing"),  # a customer of attainment
    *("closed in {}", "created in {}", "followed in {}", "Open"),  # deals behind a number
}
"""Phrases that the contract's words lead to."""
NOT_PHRASES = {"C", "F", "W", "seller", "manager", "operations", "admin", "won", "lost"}
"""Keys of choices within a call of `_`."""


def test_every_phrase_has_chinese() -> None:
    assert said() - NOT_PHRASES <= set(CHINESE)


def test_no_phrase_is_there_for_nothing() -> None:
    assert set(CHINESE) - said() - DYNAMIC == set()


@pytest.mark.parametrize("phrase", CHINESE)
def test_the_chinese_is_chinese_and_keeps_the_places(phrase: str) -> None:
    chinese = CHINESE[phrase]
    assert chinese.count("{}") == phrase.count("{}")
    assert CHINESE_SIGN.search(chinese) or not re.search(r"[A-Za-z]{4}", phrase)


def test_a_phrase_that_is_not_there_is_refused_in_both_languages() -> None:
    for language in ("zh", "en"):
        with pytest.raises(KeyError):
            say(language)("Nobody wrote this down")  # type: ignore[arg-type]


_COMPUTED = re.compile(r"{#.*?#}|{%.*?%}|{{.*?}}|<code>.*?</code>", re.S)


def test_templates_say_nothing_in_one_language_only() -> None:
    """Between tags stands no bare word: only names that are the same in every language."""
    own = {"Dealcast", "CSV", "Excel", "English", "中文"}
    for path in TEMPLATES:
        text = re.sub(
            r"{#.*?#}|{%.*?%}|{{.*?}}|<code>.*?</code>", "", path.read_text("utf-8"), flags=re.S
        )
        bare = re.findall(r"[^\W\d_]{3,}", " ".join(re.findall(r">([^<>]+)<", text)))
        assert set(bare) <= own, path.name
