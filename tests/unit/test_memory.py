"""How freed memory is kept is said before Polars is loaded, whatever a process begins with."""

import subprocess
import sys

import pytest


def told(program: str) -> list[str]:
    """Run a program in a process of its own, and return the words that it prints."""
    command = [sys.executable, "-c", program]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()


@pytest.mark.parametrize("first", ["pipelines.cli", "serving.api.app", "benchmarks.features.ours"])
def test_data_comes_before_polars(first: str) -> None:
    loaded = told(f"import sys, {first}; print(*sys.modules)")
    assert loaded.index("data") < loaded.index("polars")


def test_the_environment_has_the_last_word() -> None:
    name, own = "_RJEM_MALLOC_CONF", "dirty_decay_ms:1"
    program = f"import os; os.environ[{name!r}] = {own!r}; import data; print(os.environ[{name!r}])"
    assert told(program) == [own]
