"""How the questions to a deal's history are answered: by places on Polars, by windows elsewhere.

Both run along the facts only, and read for each snapshot what stands at the last fact known by
then. What is asked is the same; docs/decisions/places-and-windows.md says why there are two.
"""

from data.tables import Frame, Tables
from features.history import History
from features.places import answered_by_places
from features.timeline import ALL, timeline
from features.windows import answered_by_windows


def answered(
    history: History, tables: Tables, snapshots: Frame, of: tuple[str, ...] = ALL
) -> Frame:
    """Answer every question asked, of every snapshot.

    Args:
        history: what was asked.
        tables: the contract's tables; other deals, and what became known later, do no harm.
        snapshots: columns deal_id and as_of, each pair once.
        of: the tables whose facts are wanted.

    Returns:
        A row per snapshot: deal_id, as_of, a column per question. Counts are Int64 and never
        null; moments, words and numbers are null where there is nothing, or it was cleared.
    """
    facts = timeline(tables, of)
    if facts.implementation.is_polars():
        return answered_by_places(history, facts, snapshots)
    return answered_by_windows(history, facts, snapshots, tables.keep)
