"""A part's matrix as pandas frames, the way in that all peers with categories share."""

import numpy as np
import pandas as pd

from benchmarks.quality.fixed import Part


def frames_of(part: Part) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return what to learn from and what to answer for, categories as pandas categories of words.

    Columns are called by number: peers refuse colons and brackets in names.
    """
    both = np.vstack([part.x, part.x_test])
    frame = pd.DataFrame(both, columns=[f"f{at}" for at in range(both.shape[1])])
    for at in part.categories:
        codes = np.nan_to_num(both[:, at], nan=-1.0).astype(np.int64)  # -1 is pandas' unknown
        # XGBoost takes no ints, and no column that has no word at all
        words = pd.Index([str(code) for code in range(max(codes.max(), 0) + 1)])
        frame[f"f{at}"] = pd.Categorical.from_codes(codes, categories=words)
    return frame.iloc[: len(part.x)], frame.iloc[len(part.x) :].reset_index(drop=True)
