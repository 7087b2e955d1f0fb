"""The families of features, one side of the deal each."""

from typing import Final

from features.catalogue import Family
from features.families.checklist import checklist
from features.families.competition import competition
from features.families.deal import deal
from features.families.engagement import engagement
from features.families.load import load
from features.families.people import people
from features.families.prose import prose
from features.families.source import source
from features.families.track import track

FAMILIES: Final[tuple[Family, ...]] = (
    deal,
    engagement,
    people,
    checklist,
    competition,
    source,
    track,
    load,
    prose,
)
