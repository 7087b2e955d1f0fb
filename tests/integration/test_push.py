"""Facts pushed over HTTP: durable, in any order, seen by the next score."""

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from data.moments import DAY, iso
from data.settings import Settings
from tests import company
from tests.pushing import NOW, put, serving, settled

RAW = company.history()
OPEN = [record["deal"]["deal_id"] for record in company.records(RAW)]


@pytest.fixture
def client(settings: Settings, company: Settings) -> Iterator[TestClient]:
    with serving(settled(settings, company)) as client:
        yield client


def test_a_pushed_fact_is_scored_at_once(client: TestClient) -> None:
    deal = OPEN[0]
    call = {"deal_id": deal, "kind": "call", "at": iso(NOW - DAY), "activity_id": "new"}
    first = put(client, "activities", [call])
    assert (first["accepted"], first["changed"], first["unchanged"]) == (1, 0, 0)
    assert [one["deal_id"] for one in first["rescored"]] == [deal]
    assert first["rescoring"] == "done"
    again = put(client, "activities", [call])
    assert (again["accepted"], again["changed"], again["unchanged"]) == (0, 0, 1)
    assert again["rescored"] == first["rescored"]
