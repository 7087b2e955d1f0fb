"""The registered model, for others' use: MLflow runs this file when it loads one.

Feature rows in (the catalogue's columns with deal_id and as_of), probabilities at the bundle's
horizons out. Dealcast's own serving reads the bundle and never comes here.
"""

import math
from pathlib import Path
from typing import Any

import mlflow.pyfunc
import pandas as pd
import polars as pl

from models.bundle import Bundle


class Curves(mlflow.pyfunc.PythonModel):  # type: ignore[misc]  # mlflow has no types
    """A bundle behind MLflow's interface."""

    def load_context(self, context: Any) -> None:
        """Load the bundle among the model's artifacts."""
        self.bundle = Bundle.load(Path(context.artifacts["bundle"]))

    def predict(
        self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> pd.DataFrame:
        """Return p_won and p_lost in the end, and p_won_<days>, p_lost_<days>, of each row."""
        curves = self.bundle.curves(pl.from_pandas(model_input))
        said = {"p_won": curves.won_by(math.inf), "p_lost": curves.lost_by(math.inf)}
        for days in self.bundle.horizons_days:
            said[f"p_won_{days}"] = curves.won_by(days)
            said[f"p_lost_{days}"] = curves.lost_by(days)
        return pd.DataFrame(said, index=model_input.index)


mlflow.models.set_model(Curves())
