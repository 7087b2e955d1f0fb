"""`dealcast serve`: the HTTP interface on a port, by one process or several."""

import gc
import logging
import os
import shutil
import socket
import sys
from collections.abc import Callable
from typing import Any, Final

import structlog
import uvicorn
from fastapi import FastAPI
from uvicorn.supervisors import Multiprocess

from data.errors import BadInput
from data.settings import Settings
from serving.api.wire import Wire

_APPLICATION: Final = "pipelines.serve:application"
_YOUNG: Final = 20_000
"""Objects made before those that are new are looked through for cycles: a request has thousands."""
_NOT_NEEDED: Final = ("pandas", "sklearn")
"""What LightGBM loads where it is installed: half of a start, and 110 MB that nothing here uses."""
_SHARED: Final[list[Any]] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


def run(settings: Settings) -> None:
    """Serve until stopped; a stop lets running requests end.

    Workers are processes that know of each other only by the database, so with several of them
    settings go through the environment.

    Raises:
        BadInput: nobody can listen on the settings' host and port.
    """
    _check_address(settings)
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
        uvicorn.run(_APPLICATION, **given)
        return
    config = uvicorn.Config(_APPLICATION, workers=settings.workers, **given)
    door = _Door.at((settings.host, settings.port))
    logging.getLogger("uvicorn.error").info("Listening on %s:%s", *door.getsockname()[:2])
    Multiprocess(config, [door]).run()


def _check_address(settings: Settings) -> None:
    """Refuse an address where nobody can listen; a door would open beside another program's."""
    try:
        with _Door.at((settings.host, settings.port), shared=False):
            return
    except OSError as error:
        raise BadInput(
            f"cannot listen there: {error.strerror}",
            field="port",
            value=f"{settings.host}:{settings.port}",
            allowed="an address of this machine, and a port that is free",
            remedy="stop what listens there, or take another port",
        ) from error


class _Door(socket.socket):
    """A socket of which each worker gets one of its own, all on one port.

    Of one that they share, whoever wakes first takes all calls that wait, and callers keep their
    connection: two workers would get 43 and 21 of 64, or none. Linux deals out what comes to many.
    """

    @classmethod
    def at(cls, address: Any, shared: bool = True) -> "_Door":
        """Bind one; beside others if it is shared."""
        made = cls(socket.AF_INET6 if ":" in address[0] else socket.AF_INET)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        try:
            made.bind(address)
        except OSError:
            made.close()
            raise
        return made

    def __reduce__(self) -> tuple[Callable[[Any], "_Door"], tuple[Any]]:
        """Be another one, where a worker is given it."""
        return _Door.at, (self.getsockname(),)


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
        processors=[*_SHARED, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(open(2, "w", closefd=False)),  # noqa: SIM115
        cache_logger_on_first_use=True,
    )
    app = create_app(Settings())
    # what is imported stays: to look through it for cycles takes a quarter of a busy loop
    gc.freeze()
    gc.set_threshold(_YOUNG)
    return app


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
