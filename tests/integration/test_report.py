"""The report: what it says is what was judged, in both languages, with every picture."""

import re
from dataclasses import replace
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from data.moments import DAY
from data.tables import Tables
from models.curve import Curves
from tests import company
from training.amounts import Amounts
from training.backtest import Backtest, backtest
from training.phrases import Language
from training.report import render, write

NO_PICTURES: list[str] = []


@pytest.fixture(scope="module")
def judged(history: Tables) -> Backtest:
    moments = (company.END - days * DAY for days in (90, 60))
    return Backtest(
        [backtest(history, company.PIPELINE, at, company.SMALL, seed=0) for at in moments]
    )


def words(page: str) -> str:
    """Return what a reader sees, cells set apart by bars."""
    body = page[page.index("<body") :]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", re.sub(r"</t[dh]><t[dh][^>]*>", " | ", body)))


@pytest.mark.parametrize("language", get_args(Language))
def test_the_page_stands_with_its_pictures(
    judged: Backtest, tmp_path: Path, language: Language
) -> None:
    page = write(judged, tmp_path / "new" / "folder", language).read_text("utf-8")
    assert f'lang="{language}"' in page
    pictures = re.findall(r'<img src="([^"]+)"', page)
    assert len(pictures) == 6
    for picture in pictures:
        assert (tmp_path / "new" / "folder" / picture).read_bytes().startswith(b"\x89PNG")
    assert not re.search(r"https?://", page)  # nothing is fetched


def test_the_page_tells_the_figures(judged: Backtest) -> None:
    page = words(render(judged, NO_PICTURES, "en"))
    assert "frozen at 2 moments from 2025-12-02 to 2026-01-01" in page
    for one in judged.judged():
        row = f"{one.horizon_days} | {one.open_deals} | {one.log_loss:.3f} | "
        assert row + f"{one.log_loss_baseline:.3f} | {one.log_loss_saved.mean:+.3f} (" in page
        assert f"{one.won_expected:,.0f} / {one.won_actual}" in page
    deals = sum(len(origin.outcomes) for origin in judged.origins)
    assert f"forecasts in all: {deals}." in page


def test_the_page_says_whether_the_model_is_better(judged: Backtest) -> None:
    same = Backtest([replace(one, curves=one.baseline) for one in judged.origins])
    assert "is not surely better" in words(render(same, NO_PICTURES, "en"))
    never = [
        replace(one, curves=Curves(one.curves.edges, one.curves.won * 1e-6, one.curves.lost * 1e-6))
        for one in judged.origins
    ]
    assert "is surely worse" in words(render(Backtest(never), NO_PICTURES, "en"))


def test_the_page_says_where_too_much_or_too_little_was_surely_said(judged: Backtest) -> None:
    """Deals said to be won twice as often as the model does, and half as often."""
    for times, said in ((1.9, "too many wins"), (0.2, "too few wins")):
        bent = [
            replace(one, curves=Curves(one.curves.edges, one.curves.won * times, one.curves.lost))
            for one in judged.origins
        ]
        page = words(render(Backtest(bent), NO_PICTURES, "en"))
        assert re.search(rf"Surely {said} were expected by day \d+: [\d.]+ \([\d.]+ to ", page)


def test_amounts_that_never_change_are_told_in_a_sentence(judged: Backtest) -> None:
    won = len(judged.amounts.final)
    page = words(render(judged, NO_PICTURES, "en"))
    assert f"had an amount before: {won}, all at the amount as it stood." in page
    empty = Amounts(*(np.empty(0) for _ in range(4)))
    none = Backtest([replace(one, amounts=empty) for one in judged.origins])
    assert "No deal that was won had an amount" in words(render(none, NO_PICTURES, "en"))


def test_names_are_text_and_not_markup(judged: Backtest) -> None:
    """A stage called like a tag, as a CRM may tell it."""
    deals = judged.origins[0].deals
    named = deals.with_columns(
        stage=deals["stage"].replace({"offer": "<b>报价</b>", "close": "<b>报价</b>"})
    )
    many = Backtest([replace(judged.origins[0], deals=named)] * 4)
    page = render(many, NO_PICTURES, "zh")
    assert "&lt;b&gt;报价&lt;/b&gt;" in page
    assert "<b>" not in page
