"""Users by the command line, as whoever sets up a deployment makes them."""

import json
import sys
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest

from data.audit import Actor
from data.database import open_database
from data.moments import now
from data.settings import Settings
from pipelines.cli import main
from serving.access.door import Door

GOOD = "correct horse battery staple"
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def dealcast(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    """Run a command and return its exit code, what it printed and what it complained of."""

    def run(*words: str, said: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["dealcast", *words, "--workspace", str(tmp_path)])
        monkeypatch.setattr(sys, "stdin", StringIO(said))
        with pytest.raises(SystemExit) as ended:
            main()
        return int(ended.value.code or 0), *capsys.readouterr()

    return run


def test_a_user_is_made_with_a_password_from_standard_input_and_may_sign_in(
    tmp_path: Path, dealcast: Run
) -> None:
    create = ("users", "create", "ann@x.example", "--role", "admin", "--name", "安")
    code, _, complaint = dealcast(*create, said="easy\n")
    assert code == 2
    assert "easily guessed" in complaint
    assert len(complaint.splitlines()) == 1
    code, printed, _ = dealcast(*create, said=f"{GOOD}\n")
    assert (code, printed) == (0, "")
    (listed,) = json.loads(dealcast("users", "list")[1])
    assert (listed["email"], listed["name"], listed["role"]) == ("ann@x.example", "安", "admin")
    assert listed["password"] is True
    settings = Settings(workspace=tmp_path)
    engine = open_database(settings)
    assert Door(engine, settings).sign_in("ann@x.example", GOOD, now(), Actor("nobody", ""))
    engine.dispose()
    logged = json.loads(dealcast("audit-log", "--json")[1])
    assert [one["action"] for one in logged] == ["sign-in", "user.created"]
    assert "user.created" in dealcast("audit-log", "--action", "user")[1]


def test_language_and_zone_are_the_workspaces_and_unknown_sellers_are_named(
    dealcast: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEALCAST_LANGUAGE", "zh")
    monkeypatch.setenv("DEALCAST_TIMEZONE", "Asia/Shanghai")
    create = ("users", "create", "li@x.example", "--role", "seller", "--owner", "S9999")
    code, _, told = dealcast(*create, said=f"{GOOD}\n")
    assert (code, "no seller is known with owner_id 'S9999' yet" in told) == (0, True)
    (listed,) = json.loads(dealcast("users", "list")[1])
    assert (listed["language"], listed["timezone"]) == ("zh", "Asia/Shanghai")
    monkeypatch.setenv("DEALCAST_TIMEZONE", "Asia/Nowhere")
    code, _, complaint = dealcast("users", "list")
    assert (code, "timezone" in complaint.lower()) == (2, True)


def test_a_key_for_a_team_says_so_and_never_sees_all_by_a_slip(dealcast: Run) -> None:
    create = ("keys", "create", "--name", "x", "--scope", "read")
    assert dealcast(*create, "--team", "")[0] == 2
    assert dealcast(*create, "--team", "T", "--owner", "o")[0] == 2
    assert dealcast(*create, "--team", "T")[0] == 0
    (key,) = json.loads(dealcast("keys", "list")[1])
    assert key["sees"] == {"team": "T"}
