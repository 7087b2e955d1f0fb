"""Pictures keep the order of values, stay within their frame, and their names apart."""

import itertools
import re

from hypothesis import given
from hypothesis import strategies as st

from serving.web.plot import Plot, Tick, steps_to

VALUES = st.lists(st.floats(0, 1), min_size=2, max_size=20)


def points(path: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r"([-\d.e+]+),([-\d.e+]+)", path)]


@given(VALUES)
def test_a_line_keeps_the_order_of_its_values_within_the_frame(ys: list[float]) -> None:
    plot = Plot((0.0, len(ys) - 1.0), (0.0, 1.0))
    plot.line(list(range(len(ys))), ys)
    drawn = points(plot.lines[0].path)
    assert [x for x, _ in drawn] == sorted(x for x, _ in drawn)
    for (one, a), (two, b) in itertools.combinations(
        zip(ys, (y for _, y in drawn), strict=True), 2
    ):
        assert (one <= two) == (a >= b) or abs(a - b) <= 0.1
    assert all(0 <= x <= plot.width and 0 <= y <= plot.height for x, y in drawn)


@given(st.lists(st.floats(0, 1), min_size=2, max_size=5))
def test_names_at_the_lines_ends_stand_apart(ends: list[float]) -> None:
    plot = Plot((0.0, 1.0), (0.0, 1.0))
    for number, end in enumerate(ends):
        plot.line([0.0, 1.0], [0.0, end], f"line {number}")
    heights = sorted(mark.y for mark in plot.names)
    assert all(b - a >= 13 - 1e-6 for a, b in itertools.pairwise(heights))


def test_a_band_goes_there_and_back() -> None:
    plot = Plot((0.0, 1.0), (0.0, 1.0))
    plot.band([0.0, 1.0], [0.1, 0.2], [0.3, 0.4])
    drawn = points(plot.bands[0].path)
    assert drawn == [
        (plot.x(0), plot.y(0.3)),
        (plot.x(1), plot.y(0.4)),
        (plot.x(1), plot.y(0.2)),
        (plot.x(0), plot.y(0.1)),
    ]
    assert plot.bands[0].path.endswith("Z")


def test_steps_keep_each_value_until_the_next() -> None:
    plot = Plot((0.0, 2.0), (0.0, 1.0))
    plot.steps([0.0, 1.0, 2.0], [0.2, 0.8, 0.5])
    drawn = points(plot.lines[0].path)
    assert drawn[1] == (plot.x(1), plot.y(0.2))
    assert drawn[2] == (plot.x(1), plot.y(0.8))


@given(st.floats(0.01, 1e12))
def test_ticks_are_round_few_and_within_the_picture(top: float) -> None:
    ticks = steps_to(top)
    assert 2 <= len(ticks) <= 5
    assert ticks[0] == 0
    assert ticks[-1] <= top * (1 + 1e-9)
    step = ticks[1]
    assert f"{step:.6e}"[:8] in ("1.000000", "2.000000", "5.000000")


def test_names_keep_the_order_of_their_lines() -> None:
    plot = Plot((0.0, 1.0), (0.0, 100.0))
    for end in (50.0, 10.0, 49.0, 12.0, 48.0, 11.0):
        plot.line([0.0, 1.0], [0.0, end], str(end))
    upwards = sorted(plot.names, key=lambda mark: -mark.y)
    assert [mark.label for mark in upwards] == ["10.0", "11.0", "12.0", "48.0", "49.0", "50.0"]


def test_names_up_have_room_for_their_letters() -> None:
    short, long = (Plot((0, 1), (0, 1), y_ticks=[Tick(0, one)]) for one in ("0", "1,234.5万"))
    assert short.left < long.left
    assert abs(long.x(0) - long.left) <= 0.1
