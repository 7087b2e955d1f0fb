"""The pages as people use them: a real browser, the real service over HTTP, a small company."""

import csv
import io
import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import httpx2
import pytest
import sqlalchemy as sa
from openpyxl import load_workbook
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from data.audit import Actor
from data.database import list_items, list_others, open_database
from data.moments import now
from data.settings import Settings
from serving.access.users import create_user
from tests.service import DEALCAST, ROOT, await_ready, free_port

CHROMIUM: Final = Path("/usr/bin/chromium")
ARGUMENTS: Final = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PASSWORD: Final = "korrekt-pferd-batterie"  # noqa: S105  # of users that live for a minute
PEOPLE: Final = {
    "seller": {"role": "seller", "owner_id": "o1", "team": "T", "language": "en"},
    "manager": {"role": "manager", "team": "T", "language": "zh"},
}
DESK: Final = ("/funnel", "/forecast", "/attainment", "/reviews", "/behind", "/model")
PAGES: Final = ("/week", "/week/others", "/deals", *DESK, "/account")


@pytest.fixture(scope="module")
def url(company: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Publish a list, make the people, serve, and return where."""
    published = _run(company, "week", "--pipeline", "sales", "--as-of", "2026-03-02")
    assert published.returncode == 0, published.stderr
    engine = open_database(company)
    for name, fields in PEOPLE.items():
        email = {"email": f"{name}@company.example", "name": name.title()}
        create_user(engine, fields | email, PASSWORD, now(), Actor("command", "test"))
    engine.dispose()
    port = str(free_port())
    command = [DEALCAST, "serve", "--port", port, "--workspace", str(company.workspace)]
    log = tmp_path_factory.mktemp("log") / "log"
    with log.open("wb") as file, subprocess.Popen(command, cwd=ROOT, stderr=file) as server:
        try:
            await_ready(f"http://127.0.0.1:{port}", server)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()


def _run(company: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [DEALCAST, *arguments, "--workspace", str(company.workspace)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start Debian's chromium, or skip where it is not."""
    if not CHROMIUM.exists():
        pytest.skip(f"no browser at {CHROMIUM}")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield running
        running.close()


@pytest.fixture(scope="module")
def signed_in(browser: Browser, url: str) -> Iterator[dict[str, BrowserContext]]:
    """Return a browser of each of the people, signed in."""
    contexts = {}
    for name in PEOPLE:
        contexts[name] = browser.new_context(base_url=url, viewport={"width": 1440, "height": 900})
        page = contexts[name].new_page()
        _sign_in(page, name)
        _close(page)
    yield contexts
    for context in contexts.values():
        context.close()


def _sign_in(page: Page, name: str, password: str = PASSWORD) -> None:
    page.goto("/sign-in")
    page.fill("[name=email]", f"{name}@company.example")
    page.fill("[name=password]", password)
    page.click("main button.main")
    page.wait_for_url("**/week")


@pytest.fixture
def seller(signed_in: dict[str, BrowserContext]) -> Iterator[Page]:
    """Return a page of the seller."""
    yield from _page(signed_in["seller"])


@pytest.fixture
def manager(signed_in: dict[str, BrowserContext]) -> Iterator[Page]:
    """Return a page of the manager."""
    yield from _page(signed_in["manager"])


def _page(context: BrowserContext) -> Iterator[Page]:
    """Give out a page; it must ask no other host for anything, and its scripts must not fail."""
    context.clear_cookies(name="dealcast_language")  # what another test chose
    page, elsewhere, failures = context.new_page(), [], []
    host = re.compile(r"^(http://127\.0\.0\.1:|data:|blob:)")
    page.on("request", lambda one: host.match(one.url) or elsewhere.append(one.url))
    page.on("pageerror", lambda error: failures.append(str(error)))
    page.on("console", lambda one: one.type == "warning" and failures.append(one.text))
    yield page
    _close(page)
    assert elsewhere == []
    assert failures == []


def _close(page: Page) -> None:
    """Close a page at rest: closed while it goes somewhere, chromium may never answer."""
    page.goto("about:blank")
    page.close()


def _cookies(context: BrowserContext, language: str) -> dict[str, str]:
    """Return what a browser sends, in this language whatever another test chose."""
    sent = {one["name"]: one["value"] for one in context.cookies()}
    return sent | {"dealcast_language": language}


def _owners(company: Settings) -> dict[str, str]:
    """Return the owner of each deal on the list."""
    engine = open_database(company)
    with engine.connect() as connection:
        rows = connection.execute(sa.select(list_items.c.deal_id, list_items.c.owner_id)).all()
    engine.dispose()
    return {row.deal_id: row.owner_id for row in rows}


def test_whoever_is_not_signed_in_comes_to_the_sign_in_page_and_back(
    browser: Browser, url: str
) -> None:
    context = browser.new_context(base_url=url, locale="en-GB")
    page = context.new_page()
    page.goto("/deals?sort=close")
    assert "/sign-in" in page.url
    page.fill("[name=email]", "manager@company.example")
    page.fill("[name=password]", "another password")
    page.click("main button.main")
    expect(page.get_by_role("alert")).to_contain_text("Signing in failed")
    page.goto("/deals?sort=close")
    page.fill("[name=email]", "manager@company.example")
    page.fill("[name=password]", PASSWORD)
    page.click("main button.main")
    expect(page).to_have_url(f"{url}/deals?sort=close")
    context.close()


def test_the_start_leads_to_this_week(manager: Page) -> None:
    manager.goto("/")
    assert manager.url.endswith("/week")
    expect(manager.get_by_role("heading", level=1)).to_have_text("本周")


def test_the_list_is_filtered_and_sorted_through_the_address(manager: Page) -> None:
    manager.goto("/week")
    whole = manager.locator("[data-row]").count()
    manager.select_option("select[name=owner]", "o2")
    expect(manager).to_have_url(re.compile("owner=o2"))
    rows = manager.locator("[data-row]")
    assert 0 < rows.count() < whole
    assert all("Seller 2" in text for text in rows.all_inner_texts())
    manager.locator("th.chance a").click()
    expect(manager.locator("th.chance")).to_have_attribute("aria-sort", "descending")
    told = manager.locator("td.chance .bar .num").all_inner_texts()
    shares = [float(one.strip("<>%")) for one in told]
    assert shares == sorted(shares, reverse=True)
    expect(manager).to_have_url(re.compile("owner=o2.*sort=-chance|sort=-chance.*owner=o2"))


@pytest.mark.parametrize("path", ["/week", "/deals"])
def test_where_nothing_fits_the_page_says_what_to_do(path: str, seller: Page) -> None:
    answer = seller.goto(f"{path}?q=nobody-is-called-that")
    assert answer is not None
    assert answer.status == 200
    expect(seller.locator(".empty")).to_contain_text("Clear it to see")
    seller.get_by_role("link", name="Clear").click()
    assert seller.locator("[data-row]").count() > 0


def test_a_deal_opens_by_the_keyboard_and_shows_its_curves(manager: Page) -> None:
    manager.goto("/week")
    title = manager.locator("[data-row] [data-open]").nth(1).inner_text()
    manager.keyboard.press("j")
    manager.keyboard.press("j")
    manager.keyboard.press("k")
    manager.keyboard.press("j")
    manager.keyboard.press("Enter")
    expect(manager.get_by_role("heading", level=1)).to_have_text(title)
    assert manager.locator("svg.plot path.line").count() == 2
    numbers = manager.locator(".chart details table")
    expect(numbers).to_be_hidden()
    manager.locator(".chart summary").click()
    expect(numbers).to_be_visible()
    manager.goto("/week")
    manager.keyboard.press("/")
    expect(manager.locator("[data-find]")).to_be_focused()


def test_a_deal_that_is_not_listed_says_why(manager: Page) -> None:
    manager.goto("/week/others")
    manager.locator("[data-row] a").first.click()
    expect(manager.locator("dl.facts").first).to_contain_text("未列入清单")


def test_a_week_without_a_list_offers_the_others(manager: Page) -> None:
    manager.goto("/week?week=2020-01-06")
    expect(manager.locator(".empty")).to_contain_text("这一周没有发布清单")


def test_done_snoozed_and_not_now_are_noted_and_taken_back(seller: Page) -> None:
    seller.goto("/week")
    row = seller.locator("tbody", has=seller.locator("[data-row]")).first
    row.get_by_role("button", name="Done").click()
    expect(row.locator(".why")).to_contain_text("Done")
    row.get_by_role("button", name="Open again").click()
    row.get_by_label("Later or not at all").click()
    row.get_by_role("button", name="1 week").click()
    expect(row.locator(".why")).to_contain_text("Rests until")
    row.get_by_role("button", name="Open again").click()
    row.get_by_label("Later or not at all").click()
    row.get_by_role("button", name="Not now").click()  # without a reason the browser asks for it
    row.get_by_label("Not now, because").fill("they moved <b>away</b>")
    row.get_by_role("button", name="Not now").click()
    expect(row.locator(".why")).to_contain_text("Not now: they moved <b>away</b>")
    row.get_by_role("button", name="Open again").click()
    expect(row.get_by_role("button", name="Done")).to_be_visible()


def test_a_form_of_another_session_changes_nothing(url: str, company: Settings) -> None:
    mine = next(deal for deal, owner in _owners(company).items() if owner == "o1")
    with httpx2.Client(base_url=url, follow_redirects=False) as client:
        form = {"email": "seller@company.example", "password": PASSWORD}
        assert client.post("/sign-in", data=form).status_code == 303
        act = {"pipeline": "sales", "week": "2026-03-02", "deal": mine, "act": "done"}
        refused = client.post("/week/acts", data=act | {"csrf": "guessed"})
        assert refused.status_code == 403


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
@pytest.mark.parametrize("path", ["/week", "/deals"])
def test_a_view_is_handed_out_as_a_file(path: str, kind: str, manager: Page) -> None:
    manager.goto(f"{path}?owner=o1")
    shown = int(re.sub(r"\D", "", manager.locator(".count").inner_text().split("/")[0]))
    with manager.expect_download() as download:
        manager.get_by_role("link", name={"csv": "CSV", "xlsx": "Excel"}[kind]).click()
    content = Path(download.value.path()).read_bytes()
    if kind == "csv":
        assert content.startswith(b"\xef\xbb\xbf")
        rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
        assert len(rows) == shown
        assert {row["负责人"] for row in rows} == {"Seller 1"}
        assert not any(row["商机"].startswith("=") for row in rows)  # no title runs as a formula
        assert any(row["商机"].startswith("'=Deal") for row in rows)
    else:
        assert content.startswith(b"PK")


def test_the_pages_file_says_what_the_published_one_says(
    url: str, company: Settings, signed_in: dict[str, BrowserContext]
) -> None:
    handed = httpx2.get(f"{url}/week.csv", cookies=_cookies(signed_in["manager"], "en")).text
    published = next(company.lists.glob("sales-2026-03-02.csv")).read_text("utf-8-sig")
    told, expected = (
        {row["Deal"]: row for row in csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))}
        for text in (handed, published)
    )
    assert told.keys() == expected.keys()
    for deal, row in expected.items():
        del row["#"], told[deal]["#"]  # places count what is in view, in its own order
        for name, value in row.items():
            if value.replace(".", "", 1).isdecimal():  # the database keeps cents
                assert float(told[deal][name]) == pytest.approx(float(value), abs=0.0051)
            else:
                assert told[deal][name] == value, name


@pytest.mark.filterwarnings("ignore:.*extension is not supported:UserWarning")
def test_the_pages_workbook_has_hours_and_what_is_not_listed(
    url: str, signed_in: dict[str, BrowserContext]
) -> None:
    cookies = _cookies(signed_in["manager"], "zh")
    content = httpx2.get(f"{url}/week.xlsx", cookies=cookies).content
    book = load_workbook(io.BytesIO(content))
    assert book.sheetnames[0] == "总览"
    assert book.sheetnames[-2:] == ["工时", "未列入"]
    assert book["总览"]["A2"].value  # what the values assume


def test_a_filter_that_leaves_nothing_leaves_the_headings(
    url: str, signed_in: dict[str, BrowserContext]
) -> None:
    cookies = _cookies(signed_in["manager"], "zh")
    whole = httpx2.get(f"{url}/week.csv", cookies=cookies).content
    nothing = httpx2.get(f"{url}/week.csv?q=nobody-has-this", cookies=cookies).content
    assert nothing.splitlines() == whole.splitlines()[:1]


def test_a_link_to_what_is_out_of_reach_says_so_in_the_readers_language(seller: Page) -> None:
    for path in ("/funnel?owner=o2", "/forecast?owner=o2", "/behind?owner=o2"):
        answer = seller.goto(path)
        assert answer is not None
        assert answer.status == 404
        expect(seller.locator("main")).to_contain_text("not within your rights")


def test_a_wrong_password_is_told_where_it_was_typed(seller: Page) -> None:
    for before, after, told in (
        ("not the password", "another long one 17", "This is not the password now."),
        (PASSWORD, "short", "The new one is too short"),
    ):
        seller.goto("/account")
        seller.fill("[name=before]", before)
        seller.fill("[name=after]", after)
        seller.click("main button.main")
        expect(seller.locator("main")).to_contain_text(told)


def test_what_was_done_is_opened_again_from_what_is_not_listed(
    company: Settings, seller: Page
) -> None:
    engine = open_database(company)
    mine = (list_others.c.pipeline == "sales") & (list_others.c.owner_id == "o1")
    with engine.begin() as connection:  # as a list that is published anew tells what was done
        row = connection.execute(sa.select(list_others).where(mine).limit(1)).one()
        item = json.dumps(json.loads(row.item) | {"why": "done"})
        this = mine & (list_others.c.deal_id == row.deal_id)
        connection.execute(list_others.update().where(this).values(why="done", item=item))
    engine.dispose()
    seller.goto("/week/others")
    seller.get_by_role("button", name="Open again").click()
    expect(seller.get_by_role("button", name="Open again")).to_have_count(0)


def test_the_language_is_switched_and_kept(seller: Page) -> None:
    seller.goto("/deals")
    expect(seller.locator("html")).to_have_attribute("lang", "en")
    seller.get_by_role("link", name="中文").click()
    expect(seller.get_by_role("heading", level=1)).to_have_text("商机")
    seller.goto("/week")
    expect(seller.locator("html")).to_have_attribute("lang", "zh-CN")
    seller.get_by_role("link", name="English").click()
    expect(seller.get_by_role("heading", level=1)).to_have_text("This week")


def test_a_seller_sees_own_deals_only(seller: Page, company: Settings) -> None:
    owners = _owners(company)
    others = {deal for deal, owner in owners.items() if owner != "o1"}
    for path in PAGES:
        seller.goto(path)
        shown = seller.content()
        assert not [deal for deal in others if re.search(rf"\b{deal}\b", shown)]
        assert not re.search(r"Seller [023]", shown)
    stranger = seller.goto(f"/deals/sales/{sorted(others)[0]}")
    assert stranger is not None
    nowhere = seller.goto("/deals/sales/nobody")
    assert nowhere is not None
    assert (stranger.status, nowhere.status) == (404, 404)
    asked = seller.goto("/week?scope=all")
    assert asked is not None
    assert asked.status == 422


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("path", ["/funnel", "/forecast", "/attainment"])
def test_a_page_of_the_desk_tells_its_sentence_before_its_figure(
    manager: Page, path: str, language: str
) -> None:
    manager.goto(f"/language/{language}?next={path}")
    expect(manager.locator(".rail [aria-current=page]")).to_have_attribute(
        "href", re.compile(f"^{path}")
    )
    sentence, figure = manager.locator(".told"), manager.locator("figure.chart").first
    assert len(sentence.inner_text()) > 10
    numbers = figure.locator("details table")
    expect(numbers).to_be_hidden()
    figure.locator("summary").click()
    expect(numbers).to_be_visible()
    assert numbers.locator("tbody tr").count() > 0
    both = sentence.bounding_box(), figure.bounding_box()
    assert both[0] is not None
    assert both[1] is not None
    assert both[0]["y"] < both[1]["y"]


@pytest.mark.parametrize(
    ("language", "told"), [("zh", "回测"), ("en", "The backtest says nothing of grades yet")]
)
def test_a_model_without_evidence_says_so_and_names_its_bundle(
    manager: Page, company: Settings, language: str, told: str
) -> None:
    manager.goto(f"/language/{language}?next=/model")
    expect(manager.locator(".notice").filter(has_text=told)).to_be_visible()
    assert manager.locator("figure.chart").count() == 0
    bundle = (company.bundles / "sales" / "champion").read_text(encoding="utf-8").strip()
    assert bundle in manager.content()


def test_a_seller_is_offered_no_colleague_and_cannot_ask_for_one(seller: Page) -> None:
    for path in ("/funnel", "/forecast", "/attainment", "/reviews", "/behind"):
        seller.goto(path)
        assert seller.locator("select[name=owner]").count() == 0
        refused = seller.goto(f"{path}?owner=o2")
        assert refused is not None
        assert refused.status == 404


def test_a_manager_sees_who_attained_what_and_a_seller_sees_no_ranking(
    seller: Page, manager: Page
) -> None:
    manager.goto("/attainment")
    table = manager.locator("section", has=manager.get_by_role("heading", name="谁完成的"))
    assert table.locator("[data-row]").count() > 1
    for address in ("/attainment", "/attainment?by=owner"):
        seller.goto(address)
        expect(seller.get_by_role("heading", name="Quarter by quarter")).to_be_visible()
        assert seller.get_by_role("heading", name="By whom").count() == 0


def test_a_number_leads_to_the_deals_behind_it(manager: Page) -> None:
    manager.goto("/attainment?period=year")
    number = manager.locator(".stat dd a").first
    told = number.locator(".num").get_attribute("title")
    assert told is not None
    number.click()
    expect(manager).to_have_url(re.compile("/behind.*outcome=won"))
    expect(manager.locator(".told")).to_contain_text(told)
    count = _number(manager.locator(".told").inner_text().split("个")[0])
    assert 0 < manager.locator("[data-row]").count() <= count
    manager.locator("[data-open]").first.click()
    expect(manager).to_have_url(re.compile("/deals/sales/d"))


@pytest.mark.parametrize("path", ["/reviews", "/behind"])
def test_files_of_the_desk_hold_what_their_reader_may_see(
    path: str, url: str, signed_in: dict[str, BrowserContext]
) -> None:
    sellers = {}
    for who, context in signed_in.items():
        cookies = _cookies(context, "en")
        answer = httpx2.get(f"{url}{path}.csv", cookies=cookies)
        assert answer.content.startswith(b"\xef\xbb\xbf")
        rows = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
        assert not any(row["Title"].startswith("=") for row in rows)
        sellers[who] = {row["Owner"] for row in rows}
        assert httpx2.get(f"{url}{path}.xlsx", cookies=cookies).content.startswith(b"PK")
        for other in ("/attainment.xlsx", "/funnel.xlsx", "/forecast.xlsx"):
            assert httpx2.get(f"{url}{other}", cookies=cookies).content.startswith(b"PK"), other
    assert sellers["seller"] == {"Seller 1"}
    assert len(sellers["manager"]) == 4


def test_the_funnel_is_narrowed_through_the_address(manager: Page) -> None:
    manager.goto("/funnel")
    whole = _number(manager.locator(".stat dd").first.inner_text())
    manager.select_option("select[name=owner]", "o1")
    expect(manager).to_have_url(re.compile("owner=o1"))
    assert 0 < _number(manager.locator(".stat dd").first.inner_text()) < whole


def _number(text: str) -> int:
    return int(re.sub(r"[^0-9]", "", text))


def test_a_seller_cannot_act_on_anothers_deal(seller: Page, company: Settings) -> None:
    foreign = next(deal for deal, owner in _owners(company).items() if owner != "o1")
    seller.goto("/week")
    form = seller.locator("form[action='/week/acts']").first
    form.locator("[name=deal]").evaluate("(field, value) => { field.value = value }", foreign)
    form.get_by_role("button", name="Done").click()
    expect(seller.locator("main")).to_contain_text("Nothing is here")


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("width", [390, 768, 1280, 1440])
def test_no_page_is_wider_than_its_window(manager: Page, width: int, language: str) -> None:
    manager.set_viewport_size({"width": width, "height": 844})
    manager.goto(f"/language/{language}?next=/week")
    deal = manager.locator("[data-open]").first.get_attribute("href")
    for path in (*PAGES, str(deal), "/nowhere"):
        manager.goto(path)
        wide = manager.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, path


def test_pages_work_without_scripts(browser: Browser, url: str) -> None:
    context = browser.new_context(base_url=url, java_script_enabled=False)
    page = context.new_page()
    _sign_in(page, "manager")
    page.goto("/language/en?next=/week")
    page.select_option("select[name=owner]", "o3")
    page.get_by_role("button", name="Filter").click()
    expect(page).to_have_url(re.compile("owner=o3"))
    assert all("Seller 3" in text for text in page.locator("[data-row]").all_inner_texts())
    context.close()


def test_no_style_or_script_stands_in_a_page(url: str, manager: Page) -> None:
    """So that the strictest policy of contents can hold."""
    for path in PAGES:
        answer = manager.goto(path)
        assert answer is not None
        policy = answer.headers["content-security-policy"]
        assert "unsafe" not in policy
        assert manager.locator("[style], style, script:not([src]), [onclick]").count() == 0


def test_files_of_the_site_are_kept_for_ever_and_have_other_addresses_once_they_change(
    url: str,
) -> None:
    sheet = re.search(r"/static/dealcast\.[0-9a-f]{12}\.css", httpx2.get(f"{url}/sign-in").text)
    assert sheet is not None
    answer = httpx2.get(url + sheet[0])
    assert "immutable" in answer.headers["cache-control"]
    assert httpx2.get(f"{url}/static/dealcast.000000000000.css").status_code == 404
