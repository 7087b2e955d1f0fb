"""The demo on a company small enough for a test: everything it promises is printed and written."""

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from models.bundle import champion
from pipelines import demo
from serving.desk.reviewed import last_settled, reviewed
from serving.desk.store import read
from serving.desk.view import View
from tests import company


@pytest.mark.slow
# MLflow's own: it uses what its libraries are about to give up
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.filterwarnings("ignore::UserWarning:mlflow")
# the effects plot names Chinese stages, for which matplotlib brings no font of its own
@pytest.mark.filterwarnings("ignore:Glyph")
def test_the_demo_ends_with_a_list_a_forecast_and_the_truth(tmp_path: Path) -> None:
    settings = company.workspace(tmp_path)
    told = StringIO()
    demo.run(settings, 600, 0, Console(quiet=True), Console(file=told, width=200), (1,))
    said = told.getvalue()
    for name in (demo.LEADS, demo.OPPORTUNITIES):
        assert champion(settings.bundles / name).name in said
    assert said.count("Against the truth, deals open on") == 2
    assert "This quarter's bookings: " in said
    assert "opportunities: first this week" in said
    desk = read(settings.desks / demo.OPPORTUNITIES)
    assert desk.said["as_of"].n_unique() == 2  # last week's, too
    reasons = reviewed(View(desk), last_settled(View(desk))).reasons
    assert set(reasons["outcome"]) == {"won", "lost"}
    assert {path.suffix for path in settings.lists.iterdir()} == {".csv", ".xlsx"}
    assert f"dealcast serve --workspace {tmp_path}" in said.replace("\n", "")
