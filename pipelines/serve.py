"""`dealcast serve`: the HTTP interface on a port, by one process or several."""

import gc
import json
import logging
import os
import shutil
import socket
import sys
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

import structlog
import uvicorn
from fastapi import FastAPI
from pydantic_core import PydanticSerializationError, to_json
from structlog.typing import EventDict
from uvicorn.supervisors import Multiprocess

from data.errors import BadInput
from data.moments import SECOND, iso, now
from data.settings import Settings
from serving.api.wire import Wire

_APPLICATION: Final = "pipelines.serve:application"
_YOUNG: Final = 20_000
"""Objects made before those that are new are looked through for cycles: a request has thousands."""
_NOT_NEEDED: Final = ("pandas", "sklearn")
"""What LightGBM loads where it is installed: half of a start, and 110 MB that nothing here uses."""


def _begun(logger: object, method: str, event: EventDict) -> EventDict:
    """Add what every line has: what is known of its request, its level and moment."""
    event = structlog.contextvars.merge_contextvars(logger, method, event)
    event["level"] = method
    second, rest = divmod(now(), SECOND)
    event["timestamp"] = f"{_second(second)}.{rest:06d}Z"
    return event


@lru_cache(maxsize=1)  # a busy second has thousands of lines
def _second(second: int) -> str:
    return iso(second * SECOND)[:-1]


_SHARED: Final[list[Any]] = [_begun, structlog.processors.format_exc_info]


def run(settings: Settings) -> None:
    """Serve until stopped; a stop lets running requests end.

    Workers are processes that know of each other only by the database, so with several of them
    settings go through the environment.

    Raises:
        BadInput: nobody can listen on the settings' host and port.
    """
    doors = _doors(settings)
    named = settings.model_dump(mode="json", exclude_none=True)
    os.environ |= {f"DEALCAST_{name.upper()}": str(value) for name, value in named.items()}
    # a request's frames are small: handing them to a second thread costs more than it brings
    os.environ.setdefault("POLARS_MAX_THREADS", "1")
    # boosters are asked in bursts: threads that spin until the next one take what it needs
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    if settings.workers > 1:
        folder = settings.workspace / "metrics"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder.resolve())
    given = {"factory": True, "access_log": False, "log_config": _LOGGING, **options(settings)}
    if settings.workers == 1:
        for door in doors:
            door.close()
        uvicorn.run(_APPLICATION, **given)
        return
    config = uvicorn.Config(_APPLICATION, workers=settings.workers, **given)
    for door in doors:
        logging.getLogger("uvicorn.error").info("Listening on %s:%s", *door.getsockname()[:2])
    Multiprocess(config, doors).run()


def _doors(settings: Settings) -> list[socket.socket]:
    """Return a door for each address that the host's name stands for; nobody else may have one.

    Raises:
        BadInput: an address that another program has, or that this machine has not.
    """
    found = _resolved(settings)
    try:
        for family, address in found:  # a door would open beside another's
            _Door.at(family, address, shared=False).close()
        return [_Door.at(family, address) for family, address in found]
    except OSError as error:
        raise _nowhere(settings, error) from error


def _resolved(settings: Settings) -> list[tuple[int, Any]]:
    try:
        told = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except OSError as error:
        raise _nowhere(settings, error) from error
    return [(family, address) for family, _, _, _, address in told]


def _nowhere(settings: Settings, error: OSError) -> BadInput:
    return BadInput(
        f"cannot listen there: {error.strerror}",
        field="port",
        value=f"{settings.host}:{settings.port}",
        allowed="an address of this machine, and a port that is free",
        remedy="stop what listens there, or take another port",
    )


class _Door(socket.socket):
    """A socket of which each worker gets one of its own, all on one port.

    Of one that they share, whoever wakes first takes all calls that wait, and callers keep their
    connection: two workers would get 43 and 21 of 64, or none. Linux deals out what comes to many.
    """

    @classmethod
    def at(cls, family: int, address: Any, shared: bool = True) -> "_Door":
        """Bind one; beside others if it is shared."""
        made = cls(family, socket.SOCK_STREAM)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if shared:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        try:
            made.bind(address)
        except OSError:
            made.close()
            raise
        return made

    def __reduce__(self) -> tuple[Callable[[int, Any], "_Door"], tuple[int, Any]]:
        """Be another one, where a worker is given it."""
        return _Door.at, (self.family, self.getsockname())


def options(settings: Settings) -> dict[str, Any]:
    """Return what uvicorn is to do, however many workers there are."""
    return {
        "host": settings.host,
        "port": settings.port,
        "timeout_graceful_shutdown": 10,
        "server_header": False,
        "http": Wire,
        "forwarded_allow_ips": settings.proxies,
    }


def application() -> FastAPI:
    """Make the application of one worker."""
    for name in _NOT_NEEDED:
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]  # as if not installed
    from serving.api.app import create_app  # here: what it imports reads the environment above

    structlog.configure(
        processors=[*_SHARED, _line],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        # unbuffered: a line leaves as it is written
        logger_factory=structlog.BytesLoggerFactory(open(2, "wb", buffering=0, closefd=False)),  # noqa: SIM115
        cache_logger_on_first_use=True,
    )
    app = create_app(Settings())
    # what is imported stays: to look through it for cycles takes a quarter of a busy loop
    gc.freeze()
    gc.set_threshold(_YOUNG)
    return app


def _line(_logger: object, _method: str, event: EventDict) -> bytes:
    """Write what happened as a line of JSON, in a fifth of the time that structlog's own takes."""
    try:
        return to_json(event, fallback=repr)
    except PydanticSerializationError:  # half a character, out of somebody's JSON
        return json.dumps(event, default=repr).encode()


_LOGGING: Final[dict[str, Any]] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {
            "()": structlog.stdlib.ProcessorFormatter,
            "processors": [
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
            "foreign_pre_chain": _SHARED,
        }
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
}
"""What uvicorn and libraries say, as lines of the same form."""
