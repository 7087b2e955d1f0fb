"""A matrix larger than memory: mapped from files and binned in pieces, it teaches the same."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from data.mapped import mapped, mapped_parquet
from models.boosting import Pieces, Settings
from models.hazard import HazardModel
from models.parts import Parted
from tests.company import SMALL
from training.fit import Fitted


def refitted(fitted: Fitted, rows: pl.DataFrame, settings: Settings) -> np.ndarray:
    """Fit anew and return what is said of the snapshots."""
    sample = replace(fitted.sample, rows=rows)
    model = HazardModel.fit(sample, fitted.features, fitted.edges, settings, seed=0)
    return model.curves(rows).won


def test_a_matrix_in_a_directory_of_parquet_teaches_what_one_in_memory_does(
    fitted: Fitted, tmp_path: Path
) -> None:
    rows, (source, folder) = fitted.sample.rows, (tmp_path / "matrix", tmp_path / "mapped")
    source.mkdir()
    folder.mkdir()
    for number, part in enumerate(rows.iter_slices(1000)):
        part.write_parquet(source / f"{number}.parquet")
    again = mapped_parquet(source, folder)
    assert_frame_equal(again, rows)
    assert (refitted(fitted, again, SMALL) == refitted(fitted, rows, SMALL)).all()


def test_rows_in_pieces_teach_what_they_do_at_once(fitted: Fitted) -> None:
    rows, pieces = fitted.sample.rows, replace(SMALL, rows_at_once=700)
    assert (refitted(fitted, rows, pieces) == refitted(fitted, rows, SMALL)).all()


@pytest.mark.parametrize("most", [1, 3, 9])
def test_pieces_are_the_rows_at_their_positions(most: int) -> None:
    numbers = np.arange(40.0).reshape(20, 2)
    at = np.array([1, 2, 3, 5, 8, 13, 19, 0, 4, 7])
    pieces = Pieces(Parted(lambda at: numbers[at], np.zeros(20), at), at, most)
    assert len(pieces) == len(at)
    np.testing.assert_array_equal(pieces[2:7], numbers[at[2:7]])
    np.testing.assert_array_equal([pieces[place] for place in range(len(at))], numbers[at])


def test_mapped_rows_need_no_memory_of_their_own(tmp_path: Path) -> None:
    part = pl.DataFrame({"word": ["一个词", None] * 50_000, "number": np.arange(100_000.0)})
    before = held()
    frame = mapped((part for _ in range(40)), tmp_path)
    assert frame.height == 4_000_000
    assert held() - before < frame.estimated_size() / 4
    assert frame["number"][[5, 100_005, 3_999_999]].to_list() == [5, 5, 99_999]
    assert frame["word"][[0, 1]].to_list() == ["一个词", None]


def held() -> int:
    """Return the bytes that this process holds and no file backs."""
    text = Path("/proc/self/status").read_text()
    (line,) = (line for line in text.splitlines() if line.startswith("RssAnon"))
    return int(line.split()[1]) * 1024
