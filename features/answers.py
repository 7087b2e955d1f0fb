"""How the questions to a deal's history are answered: by places on Polars, by windows elsewhere.

Both run along the facts only, and find for each snapshot the last fact that was known by then.
What is asked is the same; see docs/decisions/two-runners.md for why there are two.
"""

from data.tables import Frame
from features.history import History
from features.places import answered_by_places
from features.windows import answered_by_windows


def answered(history: History, facts: Frame, snapshots: Frame) -> Frame:
    """Answer every question asked, of every snapshot.

    Args:
        history: what was asked.
        facts: the timeline; facts of other deals, and later ones, do not touch it.
        snapshots: columns deal_id and as_of, each pair once, on the engine of the facts.

    Returns:
        A row per snapshot: deal_id, as_of, a column per question. Counts are Int64 and never
        null; moments, words and numbers are null where there is nothing, or it was cleared.
    """
    if snapshots.implementation.is_polars():
        return answered_by_places(history, facts, snapshots)
    return answered_by_windows(history, facts, snapshots)
