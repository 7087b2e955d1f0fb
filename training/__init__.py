"""Snapshots to matrices, rolling-origin backtests, metrics, and the record of each run."""
