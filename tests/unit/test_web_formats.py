"""Numbers, money and dates as readers write them: the forms are CLDR's and the practice's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.moments import DAY, parse_moment
from serving.web.formats import Formats

NOW = parse_moment("2026-11-24T09:00:00Z")
ZH, EN = Formats("zh", "Asia/Shanghai", NOW), Formats("en", "America/New_York", NOW)


@pytest.mark.parametrize(
    ("value", "zh", "en"),
    [
        (124_000.0, "12.4万", "124K"),
        (950.0, "950", "950"),
        (9_726.91, "9727", "9.7K"),
        (12.5, "12.5", "12.5"),
        (123_456_789.0, "1.2亿", "123.5M"),
        (None, "–", "–"),
    ],
)
def test_money_is_shortened_by_the_language(value: float | None, zh: str, en: str) -> None:
    assert ZH.money(value) == zh
    assert EN.money(value) == en


def test_money_in_full_keeps_every_cent() -> None:
    assert ZH.in_full(1_234_567.891, "CNY") == "¥1,234,567.89"
    assert EN.in_full(1_234_567.891, "CNY") == "CN¥1,234,567.89"


@pytest.mark.parametrize(
    ("share", "told"), [(0.0, "0%"), (1.0, "100%"), (0.004, "<1%"), (0.997, ">99%"), (0.425, "42%")]
)
def test_what_is_not_quite_sure_is_not_told_as_sure(share: float, told: str) -> None:
    assert EN.share(share) == told


@given(st.floats(0, 1))
def test_a_share_is_told_as_nothing_or_all_only_if_it_is(share: float) -> None:
    assert (EN.share(share) == "0%") == (share == 0)
    assert (EN.share(share) == "100%") == (share == 1)


def test_times_are_of_the_readers_zone() -> None:
    evening = parse_moment("2026-11-30T20:30:00Z")
    assert ZH.time(evening) == "12月1日 04:30"
    assert EN.time(evening) == "Nov 30 15:30"
    assert ZH.iso(evening) == "2026-12-01T04:30+08:00"


def test_the_year_is_told_where_it_is_another_one() -> None:
    assert ZH.date("2027-02-08T00:00:00Z") == "2027年2月8日"
    assert EN.date("2026-12-24T12:00:00Z") == "Dec 24"
    assert EN.range("2026-12-05T12:00:00Z", "2026-12-19T12:00:00Z") == "Dec 5\u2009–\u200919"


def test_the_last_day_of_a_period_is_of_utcs_calendar() -> None:
    assert ZH.last_day("2027-01-01T00:00:00Z") == "12月31日"
    assert EN.last_day("2027-01-01T00:00:00Z") == "Dec 31"


def test_days_pass_by_the_clock() -> None:
    assert ZH.days_since(NOW - DAY + 1) == 0
    assert ZH.days_since(NOW - DAY) == 1
    assert ZH.days_since(None) is None


def test_a_difference_has_its_sign() -> None:
    assert [EN.signed(value) for value in (3, -3, 0, None)] == ["+3", "−3", "0", "–"]
    assert [EN.signed(value, 1) for value in (0.04, -0.04, 1.25)] == ["0", "0", "+1.2"]
    assert EN.money(-41_600, "CNY") == "−CN¥41.6K"
