"""`/v1/pipelines` and `/v1/pipelines/{pipeline}/model`: what serves, and on what evidence."""

from fastapi import APIRouter
from pydantic import BaseModel, Field

from data.moments import iso
from models.bundle import Bundle
from serving.api.deals import ThePipeline
from serving.api.problems import responses
from serving.api.service import Read, TheService
from serving.told import Figure

router = APIRouter(tags=["models"])


class Serving(BaseModel):
    """A sentence for people."""

    zh: str
    en: str


class Served(BaseModel):
    """A pipeline and the bundle that serves it."""

    pipeline: str
    bundle: str
    bundle_as_of: str = Field(description="the bundle knows nothing later")
    served_by: str = Field(description="model, or baseline where the model has no skill over it")
    serving: Serving = Field(description="what serves and, where it is the baseline, why")
    timing: str = Field(description="dated, or unknown where the pipeline's records have no dates")
    horizons_days: list[int] = Field(description="empty where timing is unknown")
    stages: list[str]


class Evidence(BaseModel):
    """How the model did on deals of the past that it had not learned from."""

    horizon_days: float | None = Field(description="days ahead; null: in the end")
    open_deals: int = Field(description="that were asked about")
    log_loss: Figure = Field(description="of open, won and lost; lower is better")
    log_loss_baseline: Figure = Field(description="of the baseline, on the same deals")
    auc: Figure | None = Field(description="of won; null where none, or all, were won")
    won_expected: Figure = Field(description="the sum of chances")
    won_actual: int


class Champion(Served):
    """The bundle that serves, what it was taught, and on what evidence it serves."""

    snapshots: int = Field(description="of the past that it has learned from")
    seed: int = Field(description="with the data, all that its training depends on")
    features: list[str] = Field(description="names of the catalogue")
    left_out: list[str] = Field(description="columns that the leakage audit left out")
    evidence: list[Evidence] = Field(description="empty where there was too little to judge by")


@router.get("/pipelines", responses=responses(401, 403, 503))
def pipelines(service: TheService, access: Read) -> list[Served]:
    """Name the pipelines that have a champion, each with the bundle that serves it now."""
    champions = service.champions
    return [Served(**_served(champions.scorer(name).bundle)) for name in champions.pipelines()]


@router.get("/pipelines/{pipeline}/model", responses=responses(401, 403, 404, 422, 503))
def model(pipeline: ThePipeline, service: TheService, access: Read) -> Champion:
    """Say what serves a pipeline now, and how it did on deals that it had not learned from."""
    bundle = service.champions.scorer(pipeline).bundle
    return Champion(
        **_served(bundle),
        snapshots=bundle.card["snapshots"],
        seed=bundle.card["seed"],
        features=[one.name for one in bundle.features],
        left_out=(bundle.card.get("audit") or {}).get("left_out", []),
        evidence=[Evidence.model_validate(one) for one in bundle.evidence],
    )


def _served(bundle: Bundle) -> dict[str, object]:
    return {
        "pipeline": bundle.pipeline.name,
        "bundle": bundle.name,
        "bundle_as_of": iso(bundle.as_of),
        "served_by": bundle.serves,
        "serving": Serving(**bundle.serving),
        "timing": bundle.timing,
        "horizons_days": list(bundle.horizons_days),
        "stages": list(bundle.context.stages),
    }
