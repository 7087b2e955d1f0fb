"""`dealcast serve`: the HTTP interface on a port."""

from typing import Any, Final

import uvicorn

from data.settings import Settings
from serving.api.app import create_app

_HEADER_BYTES: Final = 32_768
"""What a request's line and headers may have."""


def run(settings: Settings) -> None:
    """Serve until stopped; a stop lets running requests end."""
    uvicorn.run(create_app(settings), **options(settings))


def options(settings: Settings) -> dict[str, Any]:
    """Return what uvicorn is to do."""
    return {
        "host": settings.host,
        "port": settings.port,
        "timeout_graceful_shutdown": 10,
        "server_header": False,
        "h11_max_incomplete_event_size": _HEADER_BYTES,
        "forwarded_allow_ips": settings.proxies,
    }
