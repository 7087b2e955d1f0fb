"""Figures as text: no noise, and still the same to 1e-9."""

import json

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from serving.told import Figure, columns, plain

chances = st.floats(0.0, 1.0)


def test_the_noise_of_a_sum_is_not_told() -> None:
    item = {"p_won_28": 0.1 + 0.2, "value_at_stake": 1e7 / 3, "reasons": [{"effect": -0.1 - 0.2}]}
    told = '{"p_won_28": 0.3, "value_at_stake": 3333333.33, "reasons": [{"effect": -0.3}]}'
    assert json.dumps(plain(item)) == told
    frame = pl.DataFrame({"p_won": [0.1 + 0.2], "amount_at_close": [990.1 + 0.2], "n": [3]})
    assert columns(frame).write_csv() == "p_won,amount_at_close,n\n0.3,990.3,3\n"


@given(chances, st.floats(-1e-13, 1e-13))
def test_surfaces_that_reckon_in_another_order_agree(p: float, noise: float) -> None:
    """The interface, a list, a file and the raw float of a Parquet file."""
    other = p + noise
    interface = TypeAdapter(Figure).validate_python(p)
    item = plain({"p_won": other})["p_won"]
    file = columns(pl.DataFrame({"p_won": [other]}))["p_won"].item()
    for told in (interface, item, file):
        assert told == pytest.approx(p, rel=0, abs=1e-9)
