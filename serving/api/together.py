"""Whole records of several requests as one set of the contract's tables, and none mixes.

Deals and activities get their request's number before their ids, so what two callers call the
same stays apart. Accounts and sellers keep theirs, because track records know them by it: two
requests that tell one of them differently are not laid together.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Final, NamedTuple

import polars as pl

from data.contract import TABLES, Pipeline
from data.errors import BadInput
from data.records import normalise
from data.sheet import ROW
from data.tables import NAMES, with_fixed_attributes
from serving.api.frames import facts_of, frame_of, rows_of
from serving.api.records import FACTS, Record, Row


class Laid(NamedTuple):
    """One request.

    Attributes:
        records: as they came, for their facts.
        rows: what they say besides, by table; each row knows the number of its record.
    """

    records: Sequence[Record]
    rows: dict[str, list[Row]]

    @classmethod
    def of(cls, records: Sequence[Record], pipeline: Pipeline) -> "Laid":
        """Lay records out.

        Raises:
            BadInput: see `serving.api.frames.rows_of`.
        """
        return cls(records, rows_of(records, pipeline))


_PLACES: Final = {name: name for name in TABLES} | {
    "deals": "deal",
    "accounts": "account",
    "owners": "owner",
}

_SPACES: Final = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
"""What Polars strips (Unicode's White_Space); Python would strip some control characters too."""


def companies(requests: Sequence[Laid]) -> list[list[int]]:
    """Part requests into as few companies as need be, so that none is told two things of one.

    Returns:
        Places of `requests`, each in one company.
    """
    parted: list[tuple[dict[tuple[str, str], Any], list[int]]] = []
    for place, request in enumerate(requests):
        told = dict(_told_of_others(request))
        for known, members in parted:
            if all(known.get(who, said) == said for who, said in told.items()):
                known.update(told)
                members.append(place)
                break
        else:
            parted.append((told, [place]))
    return [members for _, members in parted]


def _told_of_others(request: Laid) -> Iterator[tuple[tuple[str, str], Row | None]]:
    """Yield each account and seller that a request names, with what it tells of them."""
    for deal in request.rows["deals"]:
        yield ("account", _id(deal.get("account_id"))), None
        yield ("owner", _id(deal.get("owner_id"))), None
    for record in request.records:
        for change in record.changes:
            if change.field.strip() == "owner_id":
                yield ("owner", _id(change.value)), None
    for kind, key in (("account", "account_id"), ("owner", "owner_id")):
        for row in request.rows[f"{kind}s"]:
            yield (kind, _id(row[key])), {name: row[name] for name in row if name != ROW}


def _id(text: str | None) -> str:
    return "" if text is None else text.strip()


@dataclass(frozen=True)
class Together:
    """The tables of several requests.

    Attributes:
        frames: by name, the fixed attributes as columns of `deals`.
        refused: what is wrong with a request, by its place; the rest can be scored without it.
    """

    frames: dict[str, pl.DataFrame]
    refused: dict[int, BadInput]

    @classmethod
    def of(
        cls, requests: Sequence[Laid], pipeline: Pipeline, owners: pl.DataFrame | None
    ) -> "Together":
        """Lay requests together and bring them into the contract's form.

        Args:
            requests: none of which tells another thing of an account or seller, see `companies`.
            pipeline: whose records they are.
            owners: the sellers that no record describes are taken from it.
        """
        starts = [0, *accumulate(len(request.records) for request in requests)]
        raw = {name: _laid(name, requests, starts, pipeline) for name in requests[0].rows}
        raw |= {name: _facts(name, requests) for name in FACTS}
        given = {name: raw[name] for name in NAMES if not raw[name].is_empty()}
        normalised = normalise(given, pipeline)
        frames = normalised.frames
        frames |= {name: TABLES[name].empty() for name in NAMES if name not in frames}
        frames["deals"] = with_fixed_attributes(frames["deals"], pipeline)
        if owners is not None and frames["owners"].is_empty():
            frames["owners"] = owners
        elif owners is not None:
            others = owners.join(frames["owners"], on="owner_id", how="anti")
            frames["owners"] = pl.concat([frames["owners"], others])
        refused: dict[int, BadInput] = {}
        for reject in normalised.rejects.iter_rows(named=True):
            place = bisect_right(starts, reject["row"]) - 1
            refused.setdefault(place, _refusal(reject, reject["row"] - starts[place]))
        return cls(frames, refused)


def key(place: int, deal_id: str) -> str:
    """Return the id that a request's deal has in `Together`, whoever else calls theirs the same."""
    own = deal_id.strip(_SPACES)
    return own and f"{place}/{own}"


def place_of(key: str) -> int:
    """Return the place of the request that a deal is in, see `key`."""
    return int(key.partition("/")[0])


def own_id(key: str) -> str:
    """Return the id that the caller knows, see `key`."""
    return key.partition("/")[2]


def _laid(
    name: str, requests: Sequence[Laid], starts: Sequence[int], pipeline: Pipeline
) -> pl.DataFrame:
    """Lay the rows of a table of all requests below each other, deals under their keys."""
    laid: list[Row] = []
    for place, request in enumerate(requests):
        for row in request.rows[name]:
            own = {"deal_id": key(place, row["deal_id"])} if name == "deals" else {}
            laid.append(row | own | {ROW: starts[place] + row[ROW]})
    return frame_of(name, laid, pipeline)


def _facts(name: str, requests: Sequence[Laid]) -> pl.DataFrame:
    """Lay one kind of facts of all requests below each other, under the keys of their deals."""
    placed = [(place, record) for place, request in enumerate(requests) for record in request[0]]
    facts = facts_of(name, [record for _, record in placed])
    keys = [key(place, record.deal.deal_id) for place, record in placed]
    # put in place by hand: an expression would cost more than the rows
    facts.insert_column(1, pl.Series("deal_id", keys, pl.String)[facts[ROW]])
    if "activity_id" in facts.columns:
        before = pl.Series([f"{place}/" for place, _ in placed], dtype=pl.String)[facts[ROW]]
        own = facts["activity_id"].str.strip_chars()
        own = before + own.set(own == "", None)  # as `key` does
        facts.replace_column(facts.get_column_index("activity_id"), own.alias("activity_id"))
    return facts


def _refusal(reject: dict[str, Any], number: int) -> BadInput:
    value = reject["value"]
    if reject["field"] in ("deal_id", "activity_id") and value is not None:
        value = own_id(value)
    return BadInput(
        reject["reason"],
        field=f"records.{number}.{_PLACES[reject['table']]}.{reject['field']}",
        value=value,
        remedy="correct it and send the request again",
    )
