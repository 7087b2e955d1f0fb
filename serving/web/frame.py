"""What every page stands in: who looks, at which deals of which pipeline, in which language."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, Self
from urllib.parse import quote, urlencode

from fastapi import Depends, Request
from sqlalchemy import select

from data.database import contract_tables, pipelines
from data.errors import BadInput, DealcastError
from models.bundle import Bundle
from serving.access.pages import TheCsrf, TheViewer
from serving.access.reach import EVERYTHING, Reach
from serving.access.viewer import Language, Viewer
from serving.api.service import Service, TheService
from serving.web.formats import Formats
from serving.web.phrases import Say, say

LANGUAGE: Final = "dealcast_language"
"""The cookie that remembers which language was chosen."""
_NARROWING: Final = ("scope", "pipeline", "owner", "team", "source", "product")


@dataclass(frozen=True)
class Scope:
    """Whose deals a page shows, of those that the viewer may see.

    Attributes:
        name: as the address has it: me, team, team:NAME or all.
        label: as people read it.
        reach: its rows.
    """

    name: str
    label: str
    reach: Reach


@dataclass(frozen=True)
class Frame:
    """One request for a page, and all that the page's frame says.

    Attributes:
        service: the resources.
        viewer: who looks.
        csrf: what forms carry.
        language: of the page.
        formats: how values are written.
        path: of the address.
        query: what follows it.
        pipelines: names of all there are.
        pipeline: the one that is looked at; None where there is none yet.
        updated_at: when its data were last brought in, as a moment.
        scopes: what may be chosen.
        scope: what is.
    """

    service: Service
    viewer: Viewer
    csrf: str
    language: Language
    formats: Formats
    path: str
    query: dict[str, str]
    pipelines: Sequence[str]
    pipeline: str | None
    updated_at: int | None
    scopes: Sequence[Scope]
    scope: Scope

    @property
    def say(self) -> Say:
        """What puts a phrase into the page's language."""
        return say(self.language)

    @property
    def bundle(self) -> Bundle | None:
        """The bundle that serves the pipeline; None where none can."""
        try:
            return (
                None
                if self.pipeline is None
                else self.service.champions.scorer(self.pipeline).bundle
            )
        except DealcastError:
            return None

    def url(self, **changes: Any) -> str:
        """Return this address with other words in its query; None takes one away."""
        return self.address(self.path, **{**self.query, "after": None, **changes})

    @property
    def here(self) -> str:
        """This address, to come back to."""
        return self.address(self.path, **self.query)

    def behind(self, *asked: dict[str, Any], **query: Any) -> str:
        """Return the address of the deals behind a number, narrowed as this page is and further."""
        told: dict[str, Any] = {name: self.query.get(name) for name in _NARROWING}
        for one in (*asked, query):
            told |= one
        return self.address("/behind", **told)

    def address(self, path: str, **query: Any) -> str:
        """Return an address of ours; what is None is left out."""
        told = urlencode({name: value for name, value in query.items() if value not in (None, "")})
        return f"{path}?{told}" if told else path

    def deal(self, deal_id: str) -> str:
        """Return the address of a deal's page."""
        return f"/deals/{self.pipeline}/{quote(deal_id)}"

    def exported(self, kind: str) -> str:
        """Return the address of this view as a file."""
        return self.address(f"{self.path}.{kind}", **{**self.query, "after": None})

    def to(self, path: str) -> str:
        """Return another page's address with the same scope and pipeline."""
        return self.address(
            path, pipeline=self.query.get("pipeline"), scope=self.query.get("scope")
        )

    @classmethod
    def of(
        cls,
        request: Request,
        service: Service,
        viewer: Viewer,
        csrf: str,
        choosing: bool = True,
    ) -> Self:
        """Read what the address asks for.

        Args:
            request: for the page.
            service: the running service.
            viewer: who is signed in.
            csrf: what their forms carry.
            choosing: whether scope and pipeline are the address's choice.

        Raises:
            BadInput: a pipeline or a scope that the viewer cannot choose.
        """
        query = dict(request.query_params) if choosing else {}
        language = chosen_language(request, viewer.language)
        updated = _updated(service)
        known = sorted(updated, key=lambda name: (-_weight(service, name), name))
        scopes = _scopes(service, viewer, language)
        pipeline = _chosen("pipeline", query, known)
        scope = _chosen("scope", query, [one.name for one in scopes])
        return cls(
            service=service,
            viewer=viewer,
            csrf=csrf,
            language=language,
            formats=Formats(language, viewer.timezone, service.clock()),
            path=request.url.path,
            query=query,
            pipelines=known,
            pipeline=pipeline,
            updated_at=None if pipeline is None else updated[pipeline],
            scopes=scopes,
            scope=next(one for one in scopes if one.name == scope),
        )


def _frame(request: Request, service: TheService, viewer: TheViewer, csrf: TheCsrf) -> Frame:
    return Frame.of(request, service, viewer, csrf)


TheFrame = Annotated[Frame, Depends(_frame)]
"""What a page's route depends on; without a session it leads to the sign-in page."""


def chosen_language(request: Request, otherwise: Language | None = None) -> Language:
    """Return the language that was chosen, or else the user's, or else the browser's."""
    kept = request.cookies.get(LANGUAGE)
    if kept == "zh":
        return "zh"
    if kept == "en":
        return "en"
    if otherwise is not None:
        return otherwise
    return "zh" if request.headers.get("accept-language", "").startswith("zh") else "en"


def _chosen(name: str, query: dict[str, str], allowed: Sequence[str]) -> str | None:
    value = query.get(name) or None
    if value is not None and value not in allowed:
        raise BadInput(
            "not to be chosen here", field=name, value=value, allowed=", ".join(allowed) or "none"
        )
    return value or next(iter(allowed), None)


def _updated(service: Service) -> dict[str, int]:
    with service.engine.connect() as connection:
        rows = connection.execute(select(pipelines.c.name, pipelines.c.updated_at))
        return {row.name: row.updated_at for row in rows}


def _weight(service: Service, pipeline: str) -> int:
    """Prefer a pipeline of won deals to one of leads, and one that is served to one that is not."""
    try:
        bundle = service.champions.scorer(pipeline).bundle
    except DealcastError:
        return 0
    return 2 if bundle.pipeline.won_word == "won" else 1


def _scopes(service: Service, viewer: Viewer, language: Language) -> list[Scope]:
    """Return what a viewer may choose; the widest is what they see at first."""
    words, found = say(language), []
    if viewer.reach == EVERYTHING:
        found.append(Scope("all", words("Everyone"), EVERYTHING))
        found += [Scope(f"team:{team}", team, Reach("team", team)) for team in _teams(service)]
    elif viewer.reach.by == "team":
        found.append(Scope("team", viewer.team or "", viewer.reach))
    if viewer.owner_id is not None:
        found.append(Scope("me", words("My deals"), Reach("owner_id", viewer.owner_id)))
    return found or [Scope("none", words("No deals"), viewer.reach)]


def _teams(service: Service) -> list[str]:
    owners = contract_tables["owners"]
    query = select(owners.c.team).where(owners.c.team.is_not(None)).distinct()
    with service.engine.connect() as connection:
        return sorted(connection.scalars(query.order_by(owners.c.team)))
