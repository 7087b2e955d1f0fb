"""What forecasts are judged by, one noun a file."""

from training.metrics.intervals import Draws, Interval
from training.metrics.losses import brier_scores, log_losses, outcome_at

__all__ = ["Draws", "Interval", "brier_scores", "log_losses", "outcome_at"]
