"""The site: its routes, its files, and its errors, put on the application."""

from fastapi import FastAPI

from serving.web import deal, deals, errors, forecast, funnel, model, sign_in, week
from serving.web.assets import PREFIX
from serving.web.rendering import ASSETS


def install(app: FastAPI) -> None:
    """Put the pages on an application whose error handlers are there already."""
    app.add_route(PREFIX + "/{name}", ASSETS.answer, include_in_schema=False)
    for one in (sign_in, week, deals, deal, funnel, forecast, model):
        app.include_router(one.router, include_in_schema=False)
    errors.install(app)
