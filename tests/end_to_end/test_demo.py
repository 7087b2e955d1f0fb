"""The demo on a company small enough for a test, and what the tutorials do next."""

import os
import re
import shutil
import subprocess
import sys
from contextlib import nullcontext
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from data.settings import Settings
from models.bundle import champion
from pipelines import demo
from serving.desk.build import Desk
from serving.desk.reviewed import last_settled, reviewed
from serving.desk.store import read
from serving.desk.view import View
from tests import company
from tests.service import running

ROOT = Path(__file__).parents[2]
TUTORIALS = ROOT / "docs" / "tutorials"
NOT_HERE = re.compile(r"^(dealcast (demo|serve)|export) ?.*$", re.M)
"""What the fixture did, what does not end, and where the workspace is."""

pytestmark = [
    pytest.mark.slow,
    # MLflow's own: it uses what its libraries are about to give up
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning:mlflow"),
    # the effects plot names Chinese stages, for which matplotlib brings no font of its own
    pytest.mark.filterwarnings("ignore:Glyph"),
]


@dataclass(frozen=True)
class Demo:
    """A workspace that the demo made, what it said, and the desk that it left."""

    settings: Settings
    said: str
    desk: Desk


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """Run the demo on 600 deals and small boosters, with the list of one past week."""
    settings, told = company.workspace(tmp_path_factory.mktemp("demo")), StringIO()
    consoles = Console(quiet=True), Console(file=told, width=200)
    demo.run(settings, 600, 0, *consoles, past_weeks=(1,), fitting=company.SMALL)
    return Demo(settings, told.getvalue(), read(settings.desks / demo.OPPORTUNITIES))


def test_the_demo_ends_with_a_list_a_forecast_and_the_truth(made: Demo) -> None:
    settings, said = made.settings, made.said
    for name in (demo.LEADS, demo.OPPORTUNITIES):
        assert champion(settings.bundles / name).name in said
    assert said.count("Against the truth, deals open on") == 2
    assert "This quarter's bookings: " in said
    assert "opportunities: first this week" in said
    desk = made.desk
    assert desk.said["as_of"].n_unique() == 2  # last week's, too
    reasons = reviewed(View(desk), last_settled(View(desk))).reasons
    assert set(reasons["outcome"]) == {"won", "lost"}
    assert {path.suffix for path in settings.lists.iterdir()} == {".csv", ".xlsx"}
    assert f"dealcast serve --workspace {settings.workspace}" in said.replace("\n", "")


@pytest.mark.parametrize(
    ("tutorial", "language", "lines", "told"),
    [
        ("sales-operations", "zh", 6, ("opportunities", "达成率", "80%")),
        ("data-scientist", "en", 28, ("cancelled_in:{}: tried on", "said / came", "evidence")),
        ("crm-developer", "en", 22, ('"rescored":[{', "304", "rows.0.at", '"outcome":"won"')),
    ],
)
def test_a_tutorial_works(
    made: Demo,
    tmp_path: Path,
    tutorial: str,
    language: str,
    lines: int,
    told: tuple[str, ...],
) -> None:
    text = (TUTORIALS / f"{tutorial}.md").read_text("utf-8")
    blocks = re.findall(r"^```sh\n(.*?)^```", text, flags=re.M | re.S)
    script = NOT_HERE.sub("", "\n".join(blocks))
    workspace = shutil.copytree(made.settings.workspace, tmp_path / "workspace")
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "DEALCAST_WORKSPACE": str(workspace),
        "DEALCAST_LANGUAGE": language,
    }
    with running(workspace) if "$DEALCAST_URL" in text else nullcontext() as service:
        ran = subprocess.run(
            ["bash", "-e", "-c", script],
            env=environment | ({"DEALCAST_URL": service.url} if service else {}),
            cwd=tmp_path,
            input="korrekt-pferd-batterie\n",
            capture_output=True,
            text=True,
            check=False,
        )
    assert ran.returncode == 0, ran.stderr
    assert sum(map(bool, script.splitlines())) == lines
    for words in told:
        assert words in ran.stdout
    # whoever trained has promoted the one before again
    before = champion(made.settings.bundles / demo.OPPORTUNITIES).name
    assert champion(workspace / "bundles" / demo.OPPORTUNITIES).name == before
