"""What is erased stays so, whoever writes meanwhile; and what was closed does not stand again."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

import pytest
import sqlalchemy as sa

from data.audit import commander
from data.bulk import pushing, writing
from data.database import contract_tables, list_items, list_others, open_database
from data.erasure import erase_deal, pseudonym, pseudonyms
from data.ledger import scores
from data.moments import DAY, iso
from data.settings import Settings
from data.standing import standing
from data.tables import open_tables
from serving import ledger, lists, standings
from serving.champions import Champions
from serving.ledger import Told
from tests import company
from tests.pushing import ENTRY, NOW, put, serving, settled

OPEN = [record["deal"]["deal_id"] for record in company.records(company.history())]
HEAD = {"pipeline": "sales", "week": "2026-03-02", "as_of": 1, "bundle": "b", "created_at": 2}


def erase(database: sa.Engine, deal: str) -> None:
    erase_deal(database, "sales", deal, NOW, commander())


@pytest.mark.parametrize("opened", [writing, pushing])
def test_an_erasure_waits_for_who_looked_up_that_nobody_is_erased(
    settings: Settings, company: Settings, opened: Callable[..., sa.Connection]
) -> None:
    database, deal = open_database(settled(settings, company)), OPEN[0]
    told = Told(5, "request", "key:k").rows([ENTRY | {"pipeline": "sales", "deal_id": deal}])
    with ThreadPoolExecutor(1) as thread:
        with opened(database) as transaction:
            ledger.write(transaction, told)
            erased = thread.submit(erase, database, deal)
            assert not wait([erased], timeout=0.5).done
        erased.result(timeout=30)
    with database.connect() as connection:
        found = connection.scalars(sa.select(scores.c.deal_id)).all()
    assert found == [pseudonym("sales", "deal", deal)]
    database.dispose()


def test_a_batch_brings_no_deal_back_that_was_closed_or_erased_meanwhile(
    settings: Settings, company: Settings
) -> None:
    workspace = settled(settings, company)
    database = open_database(workspace)
    scorer = Champions(workspace.bundles).scorer("sales")
    tables = open_tables(database, "sales")
    seen = standings.pushes(database, "sales")
    said = scorer.score(tables, NOW)
    closed, gone, *others = OPEN
    with serving(workspace) as client:
        lost = {"deal_id": closed, "created_at": iso(NOW - 90 * DAY), "outcome": "lost"}
        put(client, "deals", [lost | {"closed_at": iso(NOW - DAY)}])
        erase(database, gone)
    standings.refresh(database, scorer, said, tables, seen, 7.0)
    with database.connect() as connection:
        stand = set(connection.scalars(sa.select(standing.c.deal_id)))
        outcomes = connection.scalars(
            sa.select(contract_tables["deals"].c.outcome).filter_by(deal_id=closed)
        ).all()
    assert outcomes == ["lost"]
    assert stand == set(others)
    database.dispose()


def test_a_list_is_published_while_one_of_its_deals_is_erased(
    settings: Settings, company: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = open_database(settled(settings, company))
    made = [{"position": number + 1, "deal_id": deal} for number, deal in enumerate(OPEN[:3])]
    lists.publish(database, HEAD, made)
    with ThreadPoolExecutor(1) as thread:
        erased: list[Future[None]] = []

        def erase_meanwhile(*given: Any) -> dict[str, str]:
            erased.append(thread.submit(erase, database, OPEN[1]))
            wait(erased, timeout=0.5)
            return pseudonyms(*given)

        monkeypatch.setattr(lists, "pseudonyms", erase_meanwhile)
        lists.publish(database, HEAD, made)
        erased[0].result(timeout=30)
    with database.connect() as connection:
        listed = connection.scalars(sa.select(list_items.c.deal_id)).all()
    assert {OPEN[0], OPEN[2]} <= set(listed)
    assert OPEN[1] not in listed
    database.dispose()


def test_a_list_has_no_deal_that_was_erased_while_it_was_made(
    settings: Settings, company: Settings
) -> None:
    database = open_database(settled(settings, company))
    erase(database, OPEN[1])
    erase(database, OPEN[3])
    made = [{"position": number, "deal_id": OPEN[number]} for number in (0, 1)]
    left = [{"deal_id": OPEN[number], "why": "late"} for number in (2, 3)]
    lists.publish(database, HEAD, made, left)
    with database.connect() as connection:
        listed = connection.scalars(sa.select(list_items.c.deal_id)).all()
        not_listed = connection.scalars(sa.select(list_others.c.deal_id)).all()
    assert (listed, not_listed) == ([OPEN[0]], [OPEN[2]])
    database.dispose()
