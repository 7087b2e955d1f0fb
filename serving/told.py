"""Figures as they are written in text, the same in the interface, lists and files.

A float's last digits depend on the order of its sums (0.1 + 0.2 is 0.30000000000000004). Written
with twelve digits after the point they are gone, and what two surfaces say of a deal still agrees
to 1e-9. Parquet keeps floats as they are: there is no text in it.
"""

from typing import Annotated, Any, Final, TypeVar

import polars as pl
from pydantic import AfterValidator

_DIGITS: Final = 12
_CENTS: Final = 2
_MONEY: Final = ("amount_at_close", "value_at_stake", "expected_value", "expected_profit")
"""Sums that are reckoned, and not known: no more exact than cents."""


Known = TypeVar("Known", float, float | None)


def figure(value: Known) -> Known:
    """Return a number that is reckoned as it is written; None is nothing to write."""
    return value if value is None else round(value, _DIGITS)


def money(value: Known) -> Known:
    """Return a sum that is reckoned as it is written; None is nothing to write."""
    return value if value is None else round(value, _CENTS)


Figure = Annotated[float, AfterValidator(figure)]
"""A number of the interface that is reckoned."""


def plain(value: Any, name: str = "") -> Any:
    """Return a value of JSON, such as an item of a list, with its floats as they are written."""
    if isinstance(value, dict):
        return {key: plain(one, key) for key, one in value.items()}
    if isinstance(value, list):
        return [plain(one) for one in value]
    if isinstance(value, float):
        return money(value) if name in _MONEY else figure(value)
    return value


def columns(frame: pl.DataFrame) -> pl.DataFrame:
    """Return a frame with its floats as they are written."""
    money = [name for name in _MONEY if name in frame.columns]
    return frame.with_columns(pl.col(pl.Float64).round(_DIGITS)).with_columns(
        pl.col(money).round(_CENTS)
    )
