"""Headers that every answer has: what a browser may do with it, and that nobody keeps it."""

from dataclasses import dataclass
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADERS: Final = {
    # scripts, styles and pictures are files of ours: no inline script, no other site's
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
    "Cache-Control": "no-store",
}
"""An answer that has one of them already keeps its own: static files may be cached."""

_HTTPS: Final = {"Strict-Transport-Security": "max-age=31536000"}
_RAW, _RAW_HTTPS = (
    [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    for headers in (HEADERS, HEADERS | _HTTPS)
)
"""The same as ASGI has them."""


@dataclass(frozen=True)
class Heads:
    """Middleware that answers HEAD as GET; the server leaves out the body.

    Attributes:
        app: what it stands before.
    """

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand on the request as one that is routed."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self.app(scope, receive, send)
            return

        async def told(message: Message) -> None:
            scope["method"] = "HEAD"  # as the server looks at it, and the log
            await send(message)

        scope["method"] = "GET"
        try:
            await self.app(scope, receive, told)
        finally:  # whoever answers in its place looks at it too
            scope["method"] = "HEAD"


@dataclass(frozen=True)
class SecureHeaders:
    """Middleware around all that answers, so that errors have the headers too.

    Attributes:
        app: what it stands before.
        https: whether browsers are told to come by https only, for a year.
    """

    app: ASGIApp
    https: bool

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand on the request and add to the answer what it lacks."""
        wanted = _RAW_HTTPS if self.https else _RAW

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = dict(message.get("headers", ()))
                lacking = [one for one in wanted if one[0] not in given]
                message = {**message, "headers": [*message.get("headers", ()), *lacking]}
            await send(message)

        await self.app(scope, receive, with_headers)
