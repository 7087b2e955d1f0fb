"""What a page's route depends on: who looks, and that a form was sent from our own page.

    @router.get("/deals")
    def deals(viewer: TheViewer, ...): ...

    @router.post("/deals/{deal_id}/done", dependencies=[OwnForm])
    def done(viewer: TheViewer, ...): ...

A form carries `<input type="hidden" name="csrf" value="{{ csrf }}">` with `csrf` from `TheCsrf`;
a script sends the header X-CSRF-Token instead.
"""

from hmac import compare_digest
from typing import Annotated, Final
from urllib.parse import quote, urlsplit

from fastapi import Depends, FastAPI, Request
from starlette.responses import RedirectResponse, Response

from data.errors import Forbidden
from data.settings import Settings
from serving.access.door import Door
from serving.access.sessions import csrf_token, resume
from serving.access.viewer import Role, Viewer
from serving.api.problems import Problem
from serving.api.service import Service, TheService, actor
from serving.security import Unauthenticated

COOKIE: Final = "dealcast_session"
SIGN_IN: Final = "/sign-in"


class SignInNeeded(Unauthenticated):
    """Nobody is signed in, or no longer: pages lead to the sign-in page."""


def install(app: FastAPI) -> None:
    """Lead whoever asks for a page without a session to the sign-in page, and back after it."""
    app.exception_handler(SignInNeeded)(_to_sign_in)


def _to_sign_in(request: Request, error: SignInNeeded) -> Response:
    if request.method != "GET":
        return Problem(error.problem())
    path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return RedirectResponse(f"{SIGN_IN}?next={quote(path, safe='')}", 303)


def own_path(path: str) -> str:
    """Return where to go after signing in: a path of ours, never another site."""
    parts = urlsplit(path)
    # browsers read a backslash as a slash, and two slashes as another site
    foreign = parts.scheme or parts.netloc or "\\" in path or path.startswith("//")
    return path if path.startswith("/") and not foreign and path.isprintable() else "/"


def _viewer(request: Request, service: TheService) -> Viewer:
    token = request.cookies.get(COOKIE)
    viewer = token and resume(service.engine, token, service.clock(), service.settings)
    if not viewer:
        raise SignInNeeded("sign in first", remedy=f"sign in at {SIGN_IN}")
    return viewer


TheViewer = Annotated[Viewer, Depends(_viewer)]
"""The signed-in user; without one the page leads to the sign-in page."""


def _csrf(request: Request) -> str:
    return csrf_token(request.cookies.get(COOKIE, ""))


TheCsrf = Annotated[str, Depends(_csrf)]
"""What the page's forms must carry in their field `csrf`."""


def only(*roles: Role) -> object:
    """Return a dependency that lets in only users of some roles, and admins."""

    def check(viewer: TheViewer) -> None:
        if not viewer.may(*roles):
            raise Forbidden(
                "your role does not cover this",
                field="role",
                value=viewer.role,
                allowed=", ".join((*roles, "admin")),
                remedy="ask an administrator",
            )

    return Depends(check)


async def own_origin(request: Request, service: TheService) -> None:
    """Refuse a form that a browser sent from another site.

    Raises:
        Forbidden: its Origin is neither the host that was asked nor the public URL.
    """
    origin = request.headers.get("origin")
    if origin is not None and not _ours(origin, request, service.settings):
        raise Forbidden(
            "the form was sent from another site", field="Origin", value=origin, remedy=_AGAIN
        )


async def _own_form(request: Request, service: TheService) -> None:
    await own_origin(request, service)
    given = request.headers.get("x-csrf-token")
    if given is None:
        given = str((await request.form()).get("csrf", ""))
    if not compare_digest(given.encode(errors="replace"), _csrf(request).encode()):
        raise Forbidden("the form is not of this session", field="csrf", remedy=_AGAIN)


OwnForm: Final = Depends(_own_form)
"""Every route of a page that changes something has it among its dependencies."""

OwnOrigin: Final = Depends(own_origin)
"""The same for the sign-in form, which has no session yet."""

_AGAIN: Final = "load the page again and send it from there"


def _ours(origin: str, request: Request, settings: Settings) -> bool:
    public = urlsplit(settings.public_url or "").netloc
    return urlsplit(origin).netloc in {request.headers.get("host", ""), public} - {""}


def enter(
    request: Request, service: Service, email: str, password: str, after: str = "/"
) -> Response:
    """Sign a user in and lead them on; the sign-in page shows what is raised.

    Args:
        request: that brought the form, whose route depends on `OwnOrigin`.
        service: the running service.
        email: as typed.
        password: as typed.
        after: the path to go to.

    Raises:
        TooMany, Unauthenticated: see `Door.sign_in`.
    """
    door = Door(service.engine, service.settings)
    visitor, before = actor(request, "nobody", ""), request.cookies.get(COOKIE)
    token = door.sign_in(email, password, service.clock(), visitor, before)
    return welcome(token, after, service.settings)


def welcome(token: str, after: str, settings: Settings) -> Response:
    """Give the browser its session and lead it on."""
    response = RedirectResponse(own_path(after), 303)
    # no script reads it, no other site's form sends it, no plain connection carries it
    response.set_cookie(COOKIE, token, httponly=True, samesite="lax", secure=settings.https)
    return response


def leave(request: Request, service: Service, viewer: Viewer) -> Response:
    """Sign a user out; the route depends on `OwnForm`."""
    door, visitor = Door(service.engine, service.settings), actor(request, "user", viewer.user_id)
    door.sign_out(request.cookies[COOKIE], service.clock(), visitor)
    response = RedirectResponse(SIGN_IN, 303)
    response.delete_cookie(COOKIE, httponly=True, samesite="lax", secure=service.settings.https)
    return response
