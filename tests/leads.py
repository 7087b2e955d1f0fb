"""Leads without dates, as a form's export has them, and the mapping that reads them."""

from pathlib import Path

import numpy as np
import polars as pl

MAPPING = """
kind: spreadsheet
pipeline: {dated: false, won_word: converted}
tables:
  - table: deals
    columns:
      deal_id: id
      created_at: {order: number}
      outcome: {column: state, words: {bought: won, gave up: lost}, otherwise: open}
      source: source
      amount: worth
    attributes:
      visits: {column: visits, type: number, policy: fixed, zh: 访问次数, en: visits}
      call: {column: call, policy: final}
"""


def frame(leads: int = 600, seed: int = 0, skill: float = 1.0) -> pl.DataFrame:
    """Make leads of which one in six is open; with no skill their outcomes are a coin's."""
    rng = np.random.default_rng(seed)
    visits, source = rng.poisson(4, leads), rng.choice(["web", "fair"], leads)
    odds = skill * (0.8 * (visits - 4) + np.where(source == "fair", 1.0, -1.0))
    won = rng.random(leads) < 1 / (1 + np.exp(-odds))
    state = np.where(rng.random(leads) < 1 / 6, "", np.where(won, "bought", "gave up"))
    return pl.DataFrame(
        {
            "id": [f"L{number:04}" for number in range(leads)],
            "number": np.arange(leads) * 3 + 1000,
            "visits": visits,
            "source": source,
            "worth": rng.integers(1, 9, leads) * 100,
            "call": np.where(state == "bought", "long", "short"),
            "state": state,
        }
    )


def write(folder: Path, leads: pl.DataFrame) -> tuple[Path, Path]:
    """Write leads and their mapping into a folder."""
    source, mapping = folder / "leads.csv", folder / "leads.yaml"
    leads.write_csv(source)
    mapping.write_text(MAPPING)
    return source, mapping
