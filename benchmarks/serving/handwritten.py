"""What a team writes by hand in an afternoon: pandas, scikit-learn and the same booster.

It is given the feature row, which somebody else must have computed.
"""

import os
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
from fastapi import FastAPI
from sklearn.compose import ColumnTransformer
from sklearn.preprocessing import OrdinalEncoder

from models.bundle import Bundle
from models.curve import LOST, WON, Curves
from models.hazard import HazardModel

app = FastAPI()
bundle = Bundle.load(Path(os.environ["DEALCAST_BENCH_BUNDLE"]))
model = cast("HazardModel", bundle.model)
words = model.encoder.categories
encode = ColumnTransformer(
    [
        ("numbers", "passthrough", list(model.encoder.numbers)),
        (
            "words",
            OrdinalEncoder(
                categories=[list(known) for known in words.values()],
                handle_unknown="use_encoded_value",
                unknown_value=np.nan,
            ),
            list(words),
        ),
    ]
).fit(
    pd.DataFrame(
        {name: [0.0] for name in model.encoder.numbers}
        | {name: [known[0] if known else None] for name, known in words.items()}
    )
)


@app.get("/ready")
def ready() -> dict[str, str]:
    """Say that the model is loaded."""
    return {"status": "ok"}


@app.post("/score")
def score(rows: list[dict[str, Any]]) -> list[dict[str, float]]:
    """Score feature rows at the bundle's horizons."""
    frame = pd.DataFrame(rows)
    numbers = list(model.encoder.numbers)
    frame[numbers] = frame[numbers].astype(float)
    hazards = model.hazards(encode.transform(frame), frame["as_of"].to_numpy())
    curves = Curves.from_hazards(model.edges, hazards[:, :, WON], hazards[:, :, LOST])
    said = {f"p_won_{days}": curves.won_by(days) for days in bundle.horizons_days}
    return cast("list[dict[str, float]]", pd.DataFrame(said).to_dict("records"))
