"""Bundles: whole or not at all, the same to the last bit, and trusted only when unchanged."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from data.errors import BadInput, NotFound
from models.bundle import Bundle, champion, crown
from models.reasons import Explanation
from tests.company import bundled
from training.fit import Fitted


@pytest.fixture
def saved(fitted: Fitted, tmp_path: Path) -> Path:
    return tmp_path / bundled(fitted).save(tmp_path).name


def test_a_loaded_bundle_says_the_same_to_the_last_bit(saved: Path, fitted: Fitted) -> None:
    rows = fitted.sample.rows.tail(50)
    loaded = Bundle.load(saved)
    assert loaded.features == fitted.features
    assert loaded.context == fitted.context
    for ours, theirs in ((loaded.model, fitted.model), (loaded.baseline, fitted.baseline)):
        assert (ours.curves(rows).won == theirs.curves(rows).won).all()
        assert (ours.curves(rows).lost == theirs.curves(rows).lost).all()
    assert loaded.explain(rows) == bundled(fitted).explain(rows)
    assert (loaded.amounts(rows) == bundled(fitted).amounts(rows)).all()


def test_the_same_contents_make_the_same_name(saved: Path, fitted: Fitted) -> None:
    assert bundled(fitted).save(saved.parent).name == saved.name
    assert [path.name for path in saved.parent.iterdir()] == [saved.name]


def test_everything_in_it_can_be_read_by_people(saved: Path) -> None:
    assert {path.suffix for path in saved.iterdir()} == {".json", ".txt"}
    for path in saved.iterdir():
        path.read_text(encoding="utf-8")  # raises where it is not text


@pytest.mark.parametrize("name", ["model.json", "usual.json", "won-0.txt", "lost-1.txt"])
def test_a_flipped_bit_in_any_file_is_refused(saved: Path, name: str) -> None:
    content = bytearray((saved / name).read_bytes())
    content[len(content) // 2] ^= 1
    (saved / name).write_bytes(content)
    with pytest.raises(BadInput, match=f"changed.*{saved.name}/{name}"):
        Bundle.load(saved)


def test_a_changed_card_is_refused(saved: Path) -> None:
    card = saved / "card.json"
    card.write_text(card.read_text(encoding="utf-8").replace('"model"', '"baseline"'))
    with pytest.raises(BadInput, match=r"changed.*card\.json"):
        Bundle.load(saved)


def test_a_file_that_is_gone_is_missed(saved: Path) -> None:
    (saved / "won-1.txt").unlink()
    with pytest.raises(BadInput, match=r"not whole.*won-1\.txt"):
        Bundle.load(saved)


def test_a_booster_that_the_card_does_not_name_does_not_speak(saved: Path) -> None:
    (saved / "won-2.txt").write_bytes((saved / "won-0.txt").read_bytes())
    assert len(Bundle.load(saved).model.won.trees.boosters) == 2


def test_a_bundle_that_cannot_be_written_leaves_nothing(fitted: Fitted, tmp_path: Path) -> None:
    bundle = bundled(fitted)
    bundle.card["evidence"] = object()  # no JSON value: found out when all else is written
    with pytest.raises(TypeError):
        bundle.save(tmp_path / "bundles")
    assert list((tmp_path / "bundles").iterdir()) == []


def test_a_champion_is_named_beside_the_bundles(saved: Path) -> None:
    with pytest.raises(NotFound, match="no champion"):
        champion(saved.parent)
    crown(saved)
    assert champion(saved.parent) == saved


def test_the_baseline_serves_in_the_models_stead(fitted: Fitted) -> None:
    bundle = bundled(fitted)
    bundle.card["serves"] = "baseline"
    rows = fitted.sample.rows.tail(5)
    assert (bundle.curves(rows).won == fitted.baseline.curves(rows).won).all()
    assert bundle.explain(rows) == [Explanation({}, [])] * 5


def test_amounts_are_as_they_stand_where_the_model_has_no_skill(fitted: Fitted) -> None:
    dear = replace(fitted, amount=replace(fitted.amount, errors=np.array([2.0]), most=3.0))
    bundle, rows = bundled(dear), fitted.sample.rows.tail(5)
    now = rows["amount"].to_numpy()
    assert (bundle.amounts(rows) == 2 * now).all()
    bundle.card["amounts"] = "now"
    assert (bundle.amounts(rows) == now).all()


def test_boosters_of_the_amount_are_kept_with_the_others(fitted: Fitted, tmp_path: Path) -> None:
    bag = replace(fitted.model.won.trees, offset=0.0)
    bundle = bundled(replace(fitted, amount=replace(fitted.amount, bag=bag)))
    loaded = Bundle.load(tmp_path / bundle.save(tmp_path).name)
    assert loaded.amount.bag is not None
    assert len(loaded.amount.bag.boosters) == len(bag.boosters)
    assert loaded.model.bags.keys() == {"won", "lost"}


_SCORE = """
import sys
from pathlib import Path
import numpy as np, polars as pl
from models.bundle import Bundle
bundle = Bundle.load(Path(sys.argv[1]))
np.save(sys.argv[3], bundle.curves(pl.read_parquet(sys.argv[2])).won)
assert "mlflow" not in sys.modules, "mlflow"
"""


@pytest.mark.slow
def test_scoring_needs_no_mlflow(saved: Path, fitted: Fitted, tmp_path: Path) -> None:
    rows = fitted.sample.rows.tail(5)
    rows.write_parquet(tmp_path / "rows.parquet")
    told = tmp_path / "won.npy"
    subprocess.run(
        [sys.executable, "-c", _SCORE, saved, tmp_path / "rows.parquet", told], check=True
    )
    assert (np.load(told) == fitted.model.curves(rows).won).all()


def test_nothing_to_score_is_no_error(fitted: Fitted) -> None:
    none: pl.DataFrame = fitted.sample.rows.clear()
    assert len(bundled(fitted).curves(none)) == 0
    assert bundled(fitted).explain(none) == []
