"""How the list is made: sellers' hours, what actions cost, the plan, and the rules of the list.

They stand in a pipeline's settings under `desk`. What is left out has the handbooks' values.
"""

from typing import Final, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Step(_Part):
    """One step of the plan for a new deal: due between so many days after its creation."""

    zh: str
    en: str
    channel: str
    """An activity's kind; the step counts as taken when so many of the plan's were done."""
    from_days: float = Field(default=0.0, ge=0)
    to_days: float = Field(gt=0)


class Signal(_Part):
    """A sign: an attribute with one of some words or a number high enough, or a milestone."""

    attribute: str | None = None
    """A fixed or tracked attribute of the pipeline."""
    words: tuple[str, ...] = ()
    at_least: float | None = None
    item: str | None = None
    """A checklist item instead: it is a sign once it is confirmed."""

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        told = (bool(self.words) or self.at_least is not None) if self.attribute else False
        if told == (self.item is not None):
            raise ValueError("an attribute with words or at_least, or else an item")
        return self


_PLAN: Final = (
    Step(zh="首次电话", en="first call", channel="call", to_days=1),
    Step(zh="发送资料与方案", en="material and proposal", channel="mail", from_days=3, to_days=5),
    Step(zh="第二次电话", en="second call", channel="call", from_days=7, to_days=10),
)
_EFFORT: Final = {"call": 0.5, "mail": 0.5, "chat": 0.25, "meeting": 2.5}


class Experiments(_Part):
    """What keeps the list honest: what it learns from. Each is switched off by 0."""

    holdout: float = Field(default=0.05, ge=0, le=0.5)
    """Share of accounts whose deals are logged and not listed, the same ones every week."""
    explore: float = Field(default=0.05, ge=0, le=0.5)
    """Share of a seller's hours that goes to deals drawn at random."""
    swap: float = Field(default=0.1, ge=0, le=0.5)
    """How likely a deal just above the cut changes places with one just below."""
    swap_pairs: int = Field(default=2, ge=0, le=20)
    """How many pairs near the cut may do so, for each seller."""
    salt: str = ""
    """Another word draws another hold-out."""


class Listing(_Part):
    """How much sellers can do in a week, what comes first, and what waits."""

    hours: float = Field(default=20.0, ge=0)
    """Hours a week that a seller has for the list."""
    hours_by_role: dict[str, float] = {}
    """The same by role, where it differs."""
    hours_by_owner: dict[str, float] = {}
    """The same by owner's id; goes before the role's."""
    effort: dict[str, float] = _EFFORT
    """Hours that the next action takes, by channel."""
    effort_other: float = Field(default=1.0, gt=0)
    """The same of any other channel."""
    plan: tuple[Step, ...] = _PLAN
    """What is to be done for a new deal, and by when."""
    week_days: float = Field(default=7.0, gt=0)
    """How long a deal waits when it is not worked on now."""
    least_days: float = Field(default=28.0, ge=0)
    """The list looks to the quarter's end, or to the next one's where fewer days are left."""
    per_owner: int = Field(default=30, ge=1)
    """How many deals a seller is shown at most."""
    per_account: int = Field(default=3, ge=1)
    """How many deals of one account are listed at most, beside those that must be done."""
    cool_days: float = Field(default=2.0, ge=0)
    """A deal that the seller touched within so many days waits for the customer."""
    dismissed_days: float = Field(default=28.0, ge=0)
    """How long a dismissed deal stays off the list."""
    done_days: float = Field(default=7.0, ge=0)
    """How long a deal whose item was done stays off the list."""
    must_share: float = Field(default=0.5, ge=0, le=1)
    """What must be done takes this share of a seller's hours at most, the most at stake first;
    what is over competes by its value like the rest."""
    waiting_days: float = Field(default=14.0, ge=0)
    """A customer whose last word is older than this no longer waits for an answer."""
    overdue_days: float = Field(default=14.0, ge=0)
    """A step due longer ago than this is no longer a promise to keep, but silence."""
    experiments: Experiments = Experiments()
    states: dict[str, str] = {}
    """A handbook's state by stage: potential, intent or negotiation. Left out, the ladder's
    first, second and last third."""
    need: Signal | None = None
    """Says that need is confirmed."""
    budget: Signal | None = None
    """Says that budget is confirmed."""
    market: Signal | None = None
    """Says that the market is a risk."""
    credit: Signal | None = None
    """Says that the customer's credit is a risk."""
    technical: Signal | None = None
    """Says that what is asked for is technically a risk."""
    competition: Signal | None = None
    """Says that competition is strong."""
    cost: str | None = None
    """The attribute that says what was spent on the deal so far."""
    cost_share: float = Field(default=0.1, gt=0)
    """Spending above this share of the expected value gets a warning."""
    margin: float = Field(default=1.0, gt=0, le=1)
    """What is earned of an amount, for the expected profit."""

    @property
    def signals(self) -> dict[str, Signal]:
        """The signs that are declared, by what they say."""
        names = ("need", "budget", "market", "credit", "technical", "competition")
        declared = {name: getattr(self, name) for name in names}
        return {name: signal for name, signal in declared.items() if signal is not None}

    def hours_of(self, owner_id: str | None, role: str | None) -> float:
        """Return the hours a week of a seller."""
        of_role = self.hours_by_role.get(role or "", self.hours)
        return self.hours_by_owner.get(owner_id or "", of_role)

    def effort_of(self, channel: str) -> float:
        """Return the hours that an action by a channel takes."""
        return self.effort.get(channel, self.effort_other)
