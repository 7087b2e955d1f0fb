"""Names of people and companies: plausible, invented, and without meaning for any outcome."""

from typing import Final

import numpy as np
import polars as pl

from data.simulator.calendar import Ints

_SURNAMES: Final = tuple("王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗")
_GIVEN: Final = tuple("伟芳娜敏静丽强磊军洋勇艳杰娟涛明超霞平刚桂英华玉萍红鹏辉")
_CITIES: Final = ("北京", "上海", "深圳", "武汉", "成都", "西安")
_FIRST: Final = tuple("中华金鼎瑞恒泰宏天海新盛康博远安信达东嘉")
_SECOND: Final = tuple("科创通联源丰和兴隆昌利凯德美立邦诚业成辰")
_TRADES: Final = ("机械", "商贸", "金服", "医疗", "教育", "物流", "能源", "软件")


def person_names(count: int, rng: np.random.Generator) -> pl.Series:
    """Draw names of people."""
    return _one_of(_SURNAMES, count, rng) + _one_of(_GIVEN, count, rng)


def account_names(region: Ints, industry: Ints, rng: np.random.Generator) -> pl.Series:
    """Draw names of companies that fit their region and industry; some are alike, as in life."""
    count = len(region)
    middle = _one_of(_FIRST, count, rng) + _one_of(_SECOND, count, rng)
    trade = pl.Series(_TRADES).gather(industry)
    return pl.Series(_CITIES).gather(region) + middle + trade + "有限公司"


def _one_of(words: tuple[str, ...], count: int, rng: np.random.Generator) -> pl.Series:
    return pl.Series(words).gather(rng.integers(0, len(words), count))
