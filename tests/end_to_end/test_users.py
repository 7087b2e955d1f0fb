"""Users by the command line, as whoever sets up a deployment makes them."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

from data.audit import Actor
from data.database import open_database
from data.moments import now
from data.settings import Settings
from serving.access.door import Door

DEALCAST = Path(sys.executable).with_name("dealcast")
GOOD = "correct horse battery staple"


def dealcast(workspace: Path, *words: str, said: str = "") -> subprocess.CompletedProcess[str]:
    command = [DEALCAST, *words, "--workspace", str(workspace)]
    return subprocess.run(command, input=said, capture_output=True, text=True, check=False)


def test_a_user_is_made_with_a_password_from_standard_input_and_may_sign_in(
    tmp_path: Path,
) -> None:
    create = ("users", "create", "ann@x.example", "--role", "admin", "--name", "安")
    refused = dealcast(tmp_path, *create, said="easy\n")
    assert refused.returncode == 2
    assert len(refused.stderr.splitlines()) == 1
    assert "easily guessed" in refused.stderr
    made = dealcast(tmp_path, *create, said=f"{GOOD}\n")
    assert (made.returncode, made.stdout) == (0, ""), made.stderr
    (listed,) = json.loads(dealcast(tmp_path, "users", "list").stdout)
    assert (listed["email"], listed["name"], listed["role"]) == ("ann@x.example", "安", "admin")
    assert listed["password"] is True
    settings = Settings(workspace=tmp_path)
    engine = open_database(settings)
    assert Door(engine, settings).sign_in("ann@x.example", GOOD, now(), Actor("nobody", ""))
    engine.dispose()
    logged = json.loads(dealcast(tmp_path, "audit-log", "--json").stdout)
    assert [one["action"] for one in logged] == ["sign-in", "user.created"]
    assert "user.created" in dealcast(tmp_path, "audit-log", "--action", "user").stdout


def test_a_password_that_is_typed_is_asked_for_twice_and_not_shown(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    command = [DEALCAST, "users", "create", "ann@x.example", "--role", "admin"]
    with subprocess.Popen(
        [*command, "--workspace", str(tmp_path)],
        stdin=theirs,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as asked:
        os.write(ours, f"{GOOD}\nanother one than that\n".encode())
        _, told = asked.communicate(timeout=120)
    os.close(ours)
    os.close(theirs)
    assert asked.returncode == 2
    assert b"the two differ" in told
    assert GOOD.encode() not in told
