"""The site: its routes, its files, and its errors, put on the application."""

from fastapi import FastAPI

from serving.web import (
    attainment,
    behind,
    deal,
    deals,
    errors,
    forecast,
    funnel,
    model,
    reviews,
    sign_in,
    week,
)
from serving.web.assets import PREFIX
from serving.web.rendering import ASSETS

_OF_THE_DESK = (funnel, forecast, attainment, reviews, behind, model)


def install(app: FastAPI) -> None:
    """Put the pages on an application whose error handlers are there already."""
    app.add_route(PREFIX + "/{name}", ASSETS.answer, include_in_schema=False)
    for one in (sign_in, week, deals, deal, *_OF_THE_DESK):
        app.include_router(one.router, include_in_schema=False)
    errors.install(app)
