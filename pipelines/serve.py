"""`dealcast serve`: the HTTP interface on a port."""

import uvicorn

from data.settings import Settings
from serving.api.app import create_app


def run(settings: Settings) -> None:
    """Serve until stopped; a stop lets running requests end."""
    uvicorn.run(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        timeout_graceful_shutdown=10,
        server_header=False,
    )
