"""Baselines in the same interface as the model: what it must beat, and what stands in for it."""

from models.baselines.others import Baseline, fit_others
from models.baselines.stage import StageAalenJohansen

__all__ = ["Baseline", "StageAalenJohansen", "fit_others"]
