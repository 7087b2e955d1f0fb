"""The service as a process of its own, spoken to as the documentation says."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from data.settings import Settings
from pipelines.cli import main
from serving.client import Client, Denied, Missing, Rejected
from tests.service import DEALCAST, ROOT, await_ready, free_port

PAGES = "".join(
    (ROOT / page).read_text("utf-8") for page in ("docs/api.md", "docs/ledger.md", "README.md")
)
COMMANDS = re.findall(r"^```sh\n(curl .*?)^```", PAGES, flags=re.M | re.S)


def dealcast(workspace: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [DEALCAST, *arguments, "--workspace", str(workspace)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def key(company: Settings) -> str:
    made = dealcast(company.workspace, "keys", "create", "--name", "docs", "--scope", "admin")
    assert made.returncode == 0, made.stderr
    listed = dealcast(company.workspace, "week", "--pipeline", "sales", "--as-of", "2026-03-02")
    assert listed.returncode == 0, listed.stderr
    return made.stdout.strip()


@pytest.fixture(scope="module")
def url(company: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    port = free_port()
    command = [DEALCAST, "serve", "--port", str(port)]
    log = tmp_path_factory.mktemp("log") / "log"
    with log.open("wb") as file:
        server = subprocess.Popen(
            [*command, "--workspace", str(company.workspace)], cwd=ROOT, stderr=file
        )
    try:
        url = f"http://127.0.0.1:{port}"
        await_ready(url, server)
        yield url
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(timeout=30)
    assert "Application shutdown complete" in log.read_text()


@pytest.fixture(scope="module")
def ran(url: str, key: str) -> list[subprocess.CompletedProcess[str]]:
    """Run what the documentation says, in its order: commands speak of earlier ones' deals."""
    environment = os.environ | {"DEALCAST_URL": url, "DEALCAST_KEY": key}
    return [
        subprocess.run(
            ["bash", "-e", "-c", command],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        for command in COMMANDS
    ]


@pytest.mark.parametrize("number", range(len(COMMANDS)))
def test_what_the_documentation_says_works(
    number: int, ran: list[subprocess.CompletedProcess[str]]
) -> None:
    assert ran[number].returncode == 0, ran[number].stdout + ran[number].stderr


def test_the_documentation_has_commands() -> None:
    assert len(COMMANDS) == 8


@pytest.mark.usefixtures("ran")
def test_the_python_of_the_documentation_works(url: str, key: str) -> None:
    (code,) = re.findall(r"^```python\n(.*?)^```", PAGES, flags=re.M | re.S)
    told: dict[str, Any] = {"key": key}
    exec(code.replace("http://127.0.0.1:8000", url), told)  # noqa: S102
    assert [score["deal_id"] for score in told["told"]["scores"]] == ["Q-18"]
    assert 0 < len(told["week"]["items"]) <= 10
    assert {entry["deal_id"] for entry in told["seen"]} == {"Q-18"}


def test_the_clients_errors_say_what_the_service_says(url: str, key: str) -> None:
    with Client(url, key) as client:
        with pytest.raises(Missing, match="nobody"):
            client.deal_score("sales", "nobody")
        with pytest.raises(Rejected) as wrong:
            client.put_records("sales", "activities", [{"deal_id": "Q-18", "at": "someday"}])
        assert wrong.value.document["field"].startswith("rows.0.")
    with Client(url, "dc_nothing") as client, pytest.raises(Denied):
        client.ledger()


def test_the_client_works_where_nothing_else_of_dealcast_is(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "serving" / "client", tmp_path / "scores")
    code = "import sys; sys.path.insert(0, '.'); from scores import Client; Client('http://x', 'k')"
    # isolated, and away from this folder: what is imported is the copy alone
    ran = subprocess.run(
        [sys.executable, "-I", "-c", f"{code}; assert 'serving' not in sys.modules"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr


def test_a_revoked_key_ends_while_the_service_runs(url: str, company: Settings) -> None:
    key = dealcast(
        company.workspace, "keys", "create", "--name", "x", "--scope", "read"
    ).stdout.strip()
    headers = {"Authorization": f"Bearer {key}"}
    assert httpx2.get(f"{url}/v1/pipelines", headers=headers).status_code == 200
    assert dealcast(company.workspace, "keys", "revoke", key.split("_")[1]).returncode == 0
    assert httpx2.get(f"{url}/v1/pipelines", headers=headers).status_code == 401
    assert key.split("_", 2)[2] not in dealcast(company.workspace, "keys", "list").stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("keys", "create", "--name", "x", "--scope", "everything"),
        ("keys", "create", "--name", "x", "--scope", "write", "--team", "north"),
        ("keys", "revoke", "nobody"),
        ("audit-log", "--since", "someday"),
        ("webhooks", "redeliver", "wh_0123456789abcdef"),
        ("score", "--pipeline", "sales", "--out", "x.parquet"),
        ("week", "--pipeline", "sales", "--as-of", "someday"),
    ],
)
def test_a_wrong_command_exits_with_2_and_one_line(
    arguments: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "argv", ["dealcast", *arguments, "--workspace", str(tmp_path)])
    with pytest.raises(SystemExit, match="2"):
        main()
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("dealcast: ")
    assert len(printed.err.splitlines()) == 1


LEFT_OUT = {
    *("alembic", "dask", "duckdb", "fastexcel", "matplotlib", "mlflow", "optuna", "pandas"),
    *("pyarrow", "pyspark", "sklearn", "training", "xlsxwriter"),
}
"""What is not installed where only the service runs; see docs/operations.md."""
_SCORE = """
import os
import sys
from importlib.abc import MetaPathFinder

LEFT_OUT = set(sys.argv[2].split())


class NotInstalled(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.partition(".")[0] in LEFT_OUT:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


if sys.argv[3] == "slim":
    sys.meta_path.insert(0, NotInstalled())

from starlette.testclient import TestClient

from data.database import open_database
from data.moments import now
from data.settings import Settings
from pipelines.serve import application
from serving.security import create_key

os.environ["DEALCAST_WORKSPACE"] = sys.argv[1]
key = create_key(open_database(Settings()), "slim", ["score"], now())
deal = {"deal_id": "d", "created_at": "2026-02-10"}
with TestClient(application()) as client:
    answer = client.post(
        "/v1/score",
        json={"pipeline": "sales", "reasons": True, "trend": True, "records": [{"deal": deal}]},
        headers={"Authorization": f"Bearer {key}"},
    )
    assert answer.status_code == 200, answer.text
print(*{name.partition(".")[0] for name, module in sys.modules.items() if module})
"""


@pytest.mark.parametrize("installed", ["all", "slim"])
def test_a_score_loads_nothing_that_it_does_not_need(company: Settings, installed: str) -> None:
    arguments = [str(company.workspace), " ".join(LEFT_OUT), installed]
    ran = subprocess.run(
        [sys.executable, "-c", _SCORE, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert not set(ran.stdout.split()) & LEFT_OUT


def test_the_slim_requirements_are_documented() -> None:
    named = re.search(r"Left out there: (.*)\.", (ROOT / "docs/operations.md").read_text("utf-8"))
    assert named is not None
    told = set(re.findall(r"`([\w-]+)`", named[1]))
    assert {one.replace("scikit-learn", "sklearn") for one in told} == LEFT_OUT - {"training"}
