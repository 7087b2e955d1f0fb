"""Signing in and out over HTTP; the sign-in page itself is among the pages."""

from typing import Annotated, Final

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import RedirectResponse, Response

from serving.access.door import Door, recognise
from serving.access.pages import COOKIE, OwnForm, OwnOrigin, TheViewer, enter, leave, welcome
from serving.api.service import Service, TheService, actor

router = APIRouter(tags=["people"])

_ASKED: Final = "dealcast_sso"
_MINUTES: Final = 10
_PATH: Final = "/sign-in/sso"


@router.post("/sign-in", dependencies=[OwnOrigin])
def sign_in(
    request: Request,
    service: TheService,
    email: Annotated[str, Form(max_length=254)],
    password: Annotated[str, Form(max_length=1_000)],
    after: Annotated[str, Form(alias="next")] = "/",
) -> Response:
    """Sign in with e-mail and password."""
    return enter(request, service, email, password, after)


@router.post("/sign-out", dependencies=[OwnForm])
def sign_out(request: Request, service: TheService, viewer: TheViewer) -> Response:
    """End the session and lead to the sign-in page."""
    return leave(request, service, viewer)


@router.get(_PATH)
def to_provider(
    request: Request, service: TheService, after: Annotated[str, Query(alias="next")] = "/"
) -> Response:
    """Lead to the provider of single sign-on."""
    from serving.access.oidc import Provider  # here, because only this way in needs it

    _door(service).count_asking(service.clock(), actor(request, "nobody", ""))
    url, asked = Provider.discover(service.settings).ask(after)
    response = RedirectResponse(url, 303)
    response.set_cookie(
        _ASKED,
        asked.dump(),
        max_age=60 * _MINUTES,
        path=_PATH,
        httponly=True,
        samesite="lax",  # strict would leave it out when the provider sends the browser back
        secure=service.settings.https,
    )
    return response


@router.get(f"{_PATH}/back")
def from_provider(request: Request, service: TheService) -> Response:
    """Sign in whom the provider vouches for, if they are a user of ours."""
    from serving.access.oidc import Asked, Provider, Refused

    visitor, now = actor(request, "nobody", ""), service.clock()
    _door(service).count_asking(now, visitor)
    try:
        asked = Asked.load(request.cookies.get(_ASKED, ""))
        provider = Provider.discover(service.settings)
        claims = provider.answered(dict(request.query_params), asked, now)
    except Refused as why:
        _door(service).refuse(None, now, visitor, f"single sign-on: {why}"[:200])
    row = recognise(service.engine, claims)
    token = _door(service).sign_in_as(row, now, visitor, request.cookies.get(COOKIE))
    response = welcome(token, asked.after, service.settings)
    response.delete_cookie(_ASKED, path=_PATH)
    return response


def _door(service: Service) -> Door:
    return Door(service.engine, service.settings)
