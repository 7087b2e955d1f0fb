import json
import os
import subprocess
import sys
from pathlib import Path

import pytest


def dealcast(
    *words: object, workspace: Path, **environment: str
) -> subprocess.CompletedProcess[str]:
    command = [Path(sys.executable).with_name("dealcast"), *map(str, words)]
    return subprocess.run(
        [*command, "--workspace", workspace],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | environment,
    )


@pytest.fixture
def sheet(tmp_path: Path) -> Path:
    path = tmp_path / "deals.csv"
    path.write_text("deal_id,created_at\nD1,2024-03-05\n,2024-03-06\n")
    return path


def test_the_report_for_people_and_for_machines(sheet: Path, tmp_path: Path) -> None:
    words = ("ingest", sheet, "--mapping", "canonical", "--pipeline", "opps")
    people = dealcast(*words, workspace=tmp_path / "w")
    assert people.returncode == 0, people.stderr
    assert "opps: 1 in all; 0 won, 0 lost, 1 open" in people.stdout
    assert "Refused: 1; the reasons are in" in people.stderr
    chinese = dealcast(*words, workspace=tmp_path / "w", DEALCAST_LANGUAGE="zh")
    assert "opps：共1个；赢单0，输单0，在手1" in chinese.stdout
    assert "已拒绝1行" in chinese.stderr
    machines = dealcast(*words, "--json", workspace=tmp_path / "w")
    report = json.loads(machines.stdout)
    assert report["tables"]["deals"] == {
        "accepted": 0, "changed": 0, "unchanged": 1, "rejected": 1, "repeated": 0,
    }  # fmt: skip
    assert Path(report["rejects"]).is_file()


@pytest.mark.parametrize(
    ("source", "mapping", "pipeline", "message"),
    [
        ("absent.csv", "canonical", "opps", "no such file"),
        ("deals.csv", "canonicl", "opps", "did you mean canonical?"),
        ("deals.csv", "loan_pipeline", "opps", "allowed: deal_id, created_at"),
        ("deals.csv", "canonical", "two words", "not a pipeline's name"),
    ],
)
def test_an_unusable_input_is_one_line_and_exit_code_2(
    sheet: Path, tmp_path: Path, source: str, mapping: str, pipeline: str, message: str
) -> None:
    words = ("ingest", sheet.with_name(source), "--mapping", mapping, "--pipeline", pipeline)
    done = dealcast(*words, workspace=tmp_path / "w")
    assert done.returncode == 2
    (line,) = done.stderr.strip().splitlines()
    assert line.startswith("dealcast: ")
    assert message in line
