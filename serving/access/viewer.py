"""Who looks at a page."""

from dataclasses import dataclass
from typing import Final, Literal, get_args

from serving.access.reach import EVERYTHING, NOTHING, Reach

Role = Literal["seller", "manager", "operations", "admin"]
ROLES: Final[tuple[Role, ...]] = get_args(Role)
"""A seller sees own deals, a manager the team's, operations all; an admin also manages people."""

Language = Literal["zh", "en"]


@dataclass(frozen=True)
class Viewer:
    """A signed-in user, as pages need to know one.

    Attributes:
        user_id: of the user.
        name: what to call them.
        role: what they may see and do.
        owner_id: whose deals are their own; None where they own none.
        team: the team they belong to.
        region: the region they belong to.
        language: of the pages.
        timezone: IANA name, for dates on the pages.
        currency: ISO 4217 code for amounts; None: the pipeline's.
    """

    user_id: str
    name: str
    role: Role
    owner_id: str | None
    team: str | None
    region: str | None
    language: Language
    timezone: str
    currency: str | None

    @property
    def reach(self) -> Reach:
        """The deals they may see. A seller without owner_id or a manager without team: none."""
        if self.role in ("operations", "admin"):
            return EVERYTHING
        by: Literal["owner_id", "team"] = "owner_id" if self.role == "seller" else "team"
        value = self.owner_id if by == "owner_id" else self.team
        return NOTHING if value is None else Reach(by, value)

    def may(self, *roles: Role) -> bool:
        """Say whether their role is one of these; an admin's always is."""
        return self.role in (*roles, "admin")
