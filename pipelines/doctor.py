"""`dealcast doctor`: is this deployment whole, safe and reachable?

Each check yields findings: a fault keeps the service from working or from being safe, a warning
may, a note is for whoever wonders. Nothing is changed. In English, for logs and searches.
"""

import shutil
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import sqlalchemy as sa
import typer

from data import audit
from data.bulk import writing
from data.database import HEAD, api_keys, connected, contract_tables, version
from data.errors import DealcastError
from data.moments import DAY, iso, now
from data.people import users
from data.settings import Settings
from features.custom import load
from models.bundle import CHAMPION, Bundle, champion
from pipelines.phrases import Language, say

Level = Literal["fault", "warning", "note"]
_SOME: Final = 5
"""Of many keys so many are named."""
_GB: Final = 10**9
_LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True)
class Finding:
    """What a check found, and what to do about it."""

    level: Level
    what: str
    remedy: str = ""


Check = Callable[[Settings], Iterator[Finding]]


def examine(settings: Settings) -> list[Finding]:
    """Make every check, faults first."""
    found = [finding for check in CHECKS for finding in check(settings)]
    return sorted(found, key=lambda one: ("fault", "warning", "note").index(one.level))


def show(findings: list[Finding], language: Language) -> None:
    """Print a finding a line, and say so where nothing is wrong."""
    for one in findings:
        typer.echo(f"{one.level}: {'; '.join(part for part in (one.what, one.remedy) if part)}")
    if all(one.level == "note" for one in findings):
        typer.echo(say(language)("All is well."))


def workspace(settings: Settings) -> Iterator[Finding]:
    """The folder is there, nobody else can change it or read it, and it has room."""
    folder = settings.workspace
    if not folder.is_dir():
        yield Finding(
            "fault", f"there is no workspace at {folder}", "ingest into it, or name another"
        )
        return
    for path in (folder, *sorted(folder.iterdir())):
        mode = path.stat().st_mode
        if mode & stat.S_IWOTH:
            yield Finding(
                "fault", f"everybody on this machine may change {path}", f"chmod o-w {path}"
            )
    if folder.stat().st_mode & stat.S_IROTH:
        yield Finding(
            "warning", f"everybody on this machine may read {folder}", f"chmod o-rwx {folder}"
        )
    free = shutil.disk_usage(folder).free
    if free < 5 * _GB:
        level: Level = "fault" if free < _GB / 2 else "warning"
        yield Finding(level, f"{free / _GB:.1f} GB are free for {folder}", "make room")


def database(settings: Settings) -> Iterator[Finding]:
    """The database answers, is of this version, takes writes, and its clock is ours."""
    if settings.database_url is None and not (settings.workspace / "dealcast.db").is_file():
        yield Finding("fault", "there is no database yet", "dealcast ingest, or dealcast demo")
        return
    if settings.workers > 1 and settings.database_url is None:
        what = f"{settings.workers} workers share one SQLite, which takes one writer at a time"
        yield Finding("warning", what, "use PostgreSQL: DEALCAST_DATABASE_URL")
    engine = connected(settings)
    try:
        with engine.connect() as connection:
            held = version(connection)
        if held != HEAD:
            yield Finding(
                "fault",
                f"the database is at version {held}, this Dealcast wants {HEAD}",
                "back it up, then run any command that opens it, such as: dealcast pipelines list",
            )
            return
        yield from _writable(engine)
        yield from _clock(engine)
        yield from _people(engine)
        yield from _keys(engine)
    except sa.exc.DatabaseError as error:
        why = str(error.orig).strip().partition("\n")[0]
        yield Finding("fault", f"the database does not answer: {why}", "see DEALCAST_DATABASE_URL")
    finally:
        engine.dispose()


class _Undo(Exception):
    pass


def _writable(engine: sa.Engine) -> Iterator[Finding]:
    try:
        with writing(engine) as connection:
            audit.record(connection, audit.commander(), "doctor", now())
            raise _Undo
    except _Undo:
        pass
    except sa.exc.DBAPIError as error:
        why = str(error.orig).strip().partition("\n")[0]
        yield Finding("fault", f"the database takes no writes: {why}", "see its permissions")
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            mode = connection.exec_driver_sql("PRAGMA journal_mode").scalar()
        if mode != "wal":
            yield Finding(
                "fault", f"SQLite is in mode {mode}, not WAL", "put the workspace on a local disk"
            )


def _clock(engine: sa.Engine) -> Iterator[Finding]:
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            seconds = sa.func.extract("epoch", sa.func.clock_timestamp())
            theirs = int(connection.execute(sa.select(seconds)).scalar_one() * 1_000_000)
            if abs(theirs - now()) > DAY / 24 / 60:
                yield Finding("fault", "this clock and the database's differ", "use NTP on both")
        newest = connection.scalar(sa.select(sa.func.max(contract_tables["deals"].c.recorded_at)))
    if newest is not None and newest > now() + DAY:
        yield Finding(
            "warning",
            f"facts are recorded as late as {iso(newest)}: this clock is behind, or the source's "
            "is ahead",
            "use NTP",
        )


def _people(engine: sa.Engine) -> Iterator[Finding]:
    able = sa.select(sa.func.count()).where(users.c.disabled_at.is_(None))
    with engine.connect() as connection:
        admins = connection.scalar(able.where(users.c.role == "admin"))
    if not admins:
        yield Finding(
            "warning",
            "no user is an admin, so nobody sees the audit log on the pages",
            "dealcast users create EMAIL --role admin",
        )


def _keys(engine: sa.Engine) -> Iterator[Finding]:
    good = api_keys.c.revoked_at.is_(None)
    at = now()
    lasting = sa.or_(api_keys.c.expires_at.is_(None), api_keys.c.expires_at > at)
    with engine.connect() as connection:
        rows = connection.execute(sa.select(api_keys).where(good, lasting)).all()
    endless = [row for row in rows if row.expires_at is None]
    almighty = [row for row in endless if "admin" in row.scopes.split()]
    others = [row for row in endless if row not in almighty]
    unused = [row for row in rows if (row.last_used_at or row.created_at) < at - 90 * DAY]
    replace = "replace by keys with --expires-days"
    if almighty:
        yield Finding("warning", f"may do everything and never end: {_named(almighty)}", replace)
    if others:
        yield Finding("note", f"never end: {_named(others)}", replace)
    if unused:
        yield Finding("note", f"not used for 90 days: {_named(unused)}", "dealcast keys revoke")


def _named(keys: Sequence[Any]) -> str:
    """Name some keys, and say how many there are."""
    some = ", ".join(f"{row.key_id} ({row.name})" for row in keys[:_SOME])
    return f"{len(keys)} of the keys: {some}{', …' if len(keys) > _SOME else ''}"


def bundles(settings: Settings) -> Iterator[Finding]:
    """Every champion loads, and each of its files has the hash that its card names."""
    champions = sorted(settings.bundles.glob(f"*/{CHAMPION}"))
    if not champions:
        yield Finding("warning", "no pipeline has a champion", "dealcast train --pipeline NAME")
    for file in champions:
        try:
            Bundle.load(champion(file.parent), load(settings.features))
        except (DealcastError, OSError, ValueError, KeyError) as error:
            yield Finding("fault", f"the champion of {file.parent.name} does not load: {error}")


def network(settings: Settings) -> Iterator[Finding]:
    """What people and keys send is encrypted, and single sign-on answers."""
    if not settings.https:
        alone = settings.host in _LOOPBACK and settings.public_url is None
        what = f"DEALCAST_PUBLIC_URL is {settings.public_url or 'not set'}: without https "
        what += "passwords and keys can be read on their way"
        remedy = "put a reverse proxy with a certificate before the service, see docs/security.md"
        yield Finding("note" if alone else "warning", what, remedy)
    if settings.https and settings.host not in _LOOPBACK:
        what = f"the service listens on {settings.host} without encryption, beside its proxy"
        yield Finding("warning", what, "let it listen on 127.0.0.1, or see to a firewall")
    if settings.oidc_issuer is not None:
        from serving.access.oidc import Provider

        try:
            Provider.discover(settings)
        except DealcastError as error:
            yield Finding("fault", f"single sign-on cannot work: {error}")


def machine(settings: Settings) -> Iterator[Finding]:
    """What the machine must have besides Python, for what it does."""
    from training.plots import installed_fonts  # brings matplotlib along

    if len(installed_fonts()) < 2:  # one comes with matplotlib, the others are Chinese
        yield Finding(
            "warning" if settings.language == "zh" else "note",
            "no Chinese font is installed: Chinese names are boxes in pictures",
            "apt install fonts-wqy-zenhei",
        )
    if shutil.which("java") is None:
        yield Finding("note", "there is no Java: features cannot be computed on Spark")


CHECKS: Final[tuple[Check, ...]] = (workspace, database, bundles, network, machine)
