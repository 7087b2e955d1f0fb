"""CI must not pass with holes: there, a skip is a failure that says why."""

from pathlib import Path

import pytest

pytest_plugins = ["pytester"]


@pytest.mark.parametrize(("asked", "outcome"), [("1", "failed"), ("", "skipped")])
def test_a_skip_fails_where_nothing_may_be_skipped(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, asked: str, outcome: str
) -> None:
    monkeypatch.setenv("DEALCAST_TEST_NO_SKIP", asked)
    ours = (Path(__file__).parents[1] / "conftest.py").read_text(encoding="utf-8")
    pytester.makeconftest(ours)
    pytester.makepyfile('import pytest\ndef test_it(): pytest.skip("no data here")')
    result = pytester.runpytest("-p", "no:randomly", "-p", "no:xdist", "-rA")
    result.assert_outcomes(**{outcome: 1})
    result.stdout.fnmatch_lines(["*no data here*"])
