"""Deliveries: what webhooks are owed is sent, signed, again and again until it arrives.

The signature is HMAC-SHA256 of `<timestamp>.<body>` under the webhook's secret, so that nobody
else can speak for us and nobody can say again later what we said once. What fails is tried again,
each time about twice as late; after `attempts` it is dead until somebody orders it anew.
"""

import asyncio
import hmac
import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from socket import SOCK_STREAM, gaierror, getaddrinfo
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import sqlalchemy as sa

from data.bulk import writing
from data.errors import BadInput
from data.moments import DAY, SECOND
from data.outbox import deliveries, webhooks
from serving.clock import Clock
from serving.threads import ServiceThread

if TYPE_CHECKING:
    from httpx2 import AsyncClient

SIGNATURE: Final = "Dealcast-Signature"
"""The header `t=<seconds since 1970>,v1=<hex>`."""
_TIMEOUT_SECONDS: Final = 10.0
_FIRST_WAIT: Final = 5 * SECOND
_LONGEST_WAIT: Final = 6 * 3_600 * SECOND
_LEASE: Final = 60 * SECOND
"""For so long a delivery is left to the worker that took it."""
_PRIVATE: Final = "DEALCAST_WEBHOOK_PRIVATE=true allows a receiver beside this service"
_NAT64: Final = IPv6Network("64:ff9b::/96")
_KEPT: Final = 30 * DAY
"""For so long what was delivered is kept."""


def sign(secret: str, body: bytes, seconds: int) -> str:
    """Return the signature header of a body sent at a moment (seconds since 1970)."""
    said = hmac.new(secret.encode(), f"{seconds}.".encode() + body, sha256).hexdigest()
    return f"t={seconds},v1={said}"


def checked(url: str, private: bool) -> str:
    """Return the address to connect to, of a URL that may be called.

    It is looked up once and then used, so that a name cannot answer differently in between.

    Args:
        url: of a webhook.
        private: whether addresses of one's own net, and http, may be called as well.

    Raises:
        BadInput: it may not, or its host is not found.
    """
    parts = urlsplit(url)
    allowed = "an https URL of a host on the internet"
    if private:
        allowed = "an http or https URL"
    if parts.scheme not in (("http", "https") if private else ("https",)) or not parts.hostname:
        plain = parts.scheme == "http" and not private
        raise _refused(url, "not a URL to call", allowed, _PRIVATE if plain else None)
    if parts.username or parts.password:
        raise _refused(url, "a URL with a password", allowed)
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
        found = getaddrinfo(parts.hostname, port, type=SOCK_STREAM)
    except (gaierror, ValueError, UnicodeError):
        raise _refused(url, "a host that is not found", allowed) from None
    addresses = [str(one[4][0]) for one in found]
    if not private and not all(_is_public(ip_address(one)) for one in addresses):
        raise _refused(url, "an address of our own net", allowed, _PRIVATE)
    return addresses[0]


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    """Return whether an address is one host's on the internet, also where it wraps another."""
    if isinstance(address, IPv6Address):
        if address in _NAT64:
            address = IPv4Address(int(address) & 0xFFFFFFFF)
        elif address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        elif address.is_site_local:
            return False
    return address.is_global and not address.is_multicast


def _refused(url: str, title: str, allowed: str, remedy: str | None = None) -> BadInput:
    return BadInput(title, field="url", value=url[:200], allowed=allowed, remedy=remedy)


@dataclass
class Sender(ServiceThread):
    """A thread that sends what is due.

    Attributes:
        engine: the database.
        clock: tells this moment.
        attempts: how often a delivery is tried.
        private: see `checked`.
    """

    called = "deliveries"
    every_seconds = 0.5
    engine: sa.Engine
    clock: Clock
    attempts: int
    private: bool

    def send_due(self) -> int:
        """Try everything that is due once, and return how much that was."""
        tried = 0
        while not self._stopping.is_set() and (due := self._take()):
            asyncio.run(self._send(due))
            tried += len(due)
        return tried

    def _round(self) -> None:
        if self.send_due():
            self._prune()

    def _take(self) -> list[dict[str, Any]]:
        """Take some of what is due, and keep other workers from it for a while."""
        now = self.clock()
        is_due = sa.and_(deliveries.c.state == "due", deliveries.c.next_at <= now)
        with self.engine.connect() as connection:
            if connection.scalar(sa.select(sa.literal(1)).where(is_due).limit(1)) is None:
                return []
        query = sa.select(deliveries.c.delivery_id).where(is_due).order_by("delivery_id").limit(20)
        if self.engine.dialect.name == "postgresql":
            query = query.with_for_update(skip_locked=True)
        with writing(self.engine) as transaction:
            ids = list(transaction.scalars(query))
            mine = deliveries.c.delivery_id.in_(ids)
            transaction.execute(sa.update(deliveries).where(mine).values(next_at=now + _LEASE))
            whole = sa.select(deliveries, webhooks.c.url, webhooks.c.secret).where(mine)
            same = deliveries.c.webhook_id == webhooks.c.webhook_id
            rows = transaction.execute(whole.select_from(sa.join(deliveries, webhooks, same)))
            return [dict(row) for row in rows.mappings()]

    async def _send(self, due: list[dict[str, Any]]) -> None:
        """Try all at once: none waits for another's receiver, or its name server."""
        threads = ThreadPoolExecutor(2 * len(due))
        asyncio.get_running_loop().set_default_executor(threads)
        async with _client() as client:
            tries = [self._try(client, delivery) for delivery in due]
            for told in await asyncio.gather(*tries, return_exceptions=True):
                if told is not None:
                    raise told

    async def _try(self, client: "AsyncClient", delivery: dict[str, Any]) -> None:
        failure = await self._failure(client, delivery)
        await asyncio.to_thread(self._keep, delivery, failure)

    async def _failure(self, client: "AsyncClient", delivery: dict[str, Any]) -> str | None:
        url, body, seconds = delivery["url"], delivery["event"].encode(), self.clock() // SECOND
        try:
            async with asyncio.timeout(_TIMEOUT_SECONDS):  # a receiver may answer byte by byte
                address = await asyncio.to_thread(checked, url, self.private)
                url, headers, extensions = _aimed(url, address)
                headers |= {SIGNATURE: sign(delivery["secret"], body, seconds)}
                post = client.stream(
                    "POST", url, content=body, headers=headers, extensions=extensions
                )
                async with post as answer:  # what else it says is not read
                    good = 200 <= answer.status_code < 300
                    return None if good else f"answered {answer.status_code}"
        except Exception as error:  # whatever it is, it did not arrive
            return f"{type(error).__name__}: {error}"[:300]

    def _keep(self, delivery: dict[str, Any], failure: str | None) -> None:
        """Write what became of a delivery, unless another worker took it since: that one does."""
        attempts, now = delivery["attempts"] + 1, self.clock()
        change: dict[str, Any] = {"attempts": attempts, "failure": failure, "state": "delivered"}
        if failure is not None:
            dead = attempts >= self.attempts
            change |= {"state": "dead" if dead else "due", "next_at": now + wait(attempts)}
        mine = {name: delivery[name] for name in ("delivery_id", "state", "next_at")}
        with writing(self.engine) as transaction:
            transaction.execute(sa.update(deliveries).filter_by(**mine).values(**change))

    def _prune(self) -> None:
        old = deliveries.c.created_at < self.clock() - _KEPT
        with writing(self.engine) as transaction:
            transaction.execute(sa.delete(deliveries).where(old, deliveries.c.state == "delivered"))


def wait(attempts: int) -> int:
    """Return how long to wait after so many attempts: twice as long each time, give or take."""
    longest: int = min(_FIRST_WAIT * 2 ** (attempts - 1), _LONGEST_WAIT)
    return round(longest * random.uniform(0.5, 1.0))  # noqa: S311 - spreads, and hides nothing


def _client() -> "AsyncClient":
    from httpx2 import AsyncClient  # here, because few services have a webhook

    # an answer's redirect may lead anywhere, and a proxy of the environment too
    return AsyncClient(timeout=_TIMEOUT_SECONDS, follow_redirects=False, trust_env=False)


def _aimed(url: str, address: str) -> tuple[str, dict[str, str], dict[str, str]]:
    """Return URL, headers and extensions that call a host at exactly one address."""
    parts = urlsplit(url)
    host = f"[{address}]" if ":" in address else address
    netloc = host if parts.port is None else f"{host}:{parts.port}"
    named = parts.netloc
    headers = {"Host": named, "Content-Type": "application/json", "User-Agent": "dealcast"}
    return parts._replace(netloc=netloc).geturl(), headers, {"sni_hostname": parts.hostname or ""}
