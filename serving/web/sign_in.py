"""The sign-in page, the language, and a user's own account."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import RedirectResponse, Response

from data.people import users
from serving.access.door import Door, find
from serving.access.pages import SIGN_IN, OwnForm, TheViewer, own_path
from serving.access.users import set_password
from serving.access.viewer import Viewer
from serving.api.service import Service, TheService, actor
from serving.web.errors import sign_in_page
from serving.web.frame import LANGUAGE, TheFrame
from serving.web.rendering import page

router = APIRouter()

_YEAR = 365 * 24 * 3600


@router.get("/")
def start(frame: TheFrame) -> Response:
    """Lead to the first page, or to signing in where nobody is."""
    return RedirectResponse(frame.to("/week"), 303)


@router.get("/sign-in")
def signing_in(request: Request) -> Response:
    """Show the form; what it sends goes to `serving.access`."""
    return sign_in_page(request)


@router.get("/account")
def account(frame: TheFrame) -> Response:
    """Show who is signed in, with what rights, and the form to choose another password."""
    row = _row(frame.service, frame.viewer)
    return page(frame, "account.html", email=row["email"], own=row["password"] is not None)


@router.post("/account/password", dependencies=[OwnForm])
def change_password(
    request: Request,
    service: TheService,
    viewer: TheViewer,
    before: Annotated[str, Form(max_length=1_000)],
    after: Annotated[str, Form(max_length=1_000)],
) -> Response:
    """Give the user another password, after the one before; every session of theirs ends.

    A wrong one counts as a try to sign in, so that a session left open lets nobody guess on.
    """
    email, now = _row(service, viewer)["email"], service.clock()
    who = actor(request, "user", viewer.user_id)
    Door(service.engine, service.settings).sign_in(email, before, now, who)
    set_password(service.engine, email, after, now, who)
    return RedirectResponse(SIGN_IN, 303)


def _row(service: Service, viewer: Viewer) -> dict[str, Any]:
    row = find(service.engine, users.c.user_id == viewer.user_id)
    assert row is not None  # noqa: S101  # a session ends with its user
    return row


@router.get("/language/{language}")
def choose_language(
    language: Literal["zh", "en"], after: Annotated[str, Query(alias="next")] = "/"
) -> Response:
    """Remember a language in the browser, and go back to where it was chosen."""
    response = RedirectResponse(own_path(after), 303)
    response.set_cookie(LANGUAGE, language, max_age=_YEAR, samesite="lax", httponly=True)
    return response
