"""Figures in sentences: as Python would write them."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.insights.figures import written


def told(figure: float | None, digits: int = 0) -> str | None:
    frame = pl.DataFrame({"figure": [figure]}, schema={"figure": pl.Float64})
    text: str | None = frame.select(written(pl.col("figure"), digits)).item()
    return text


@pytest.mark.parametrize(
    ("figure", "digits", "text"),
    [
        (244_874.4, 0, "244,874"),
        (-22.8, 1, "−22.8"),
        (-1_000_000.0, 1, "−1,000,000"),
        (12.04, 1, "12"),
        (7.06, 2, "7.06"),
        (-0.01, 1, "0"),
        (999.96, 1, "1,000"),
        (None, 1, None),
    ],
)
def test_a_figure_has_its_thousands_its_sign_and_no_idle_zeros(
    figure: float | None, digits: int, text: str | None
) -> None:
    assert told(figure, digits) == text


@given(st.integers(-(10**12), 10**12))
def test_whole_numbers_are_written_as_python_does(figure: int) -> None:
    assert told(float(figure)) == f"{figure:,}".replace("-", "−")
