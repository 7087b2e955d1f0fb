"""How freed memory is kept is said before Polars is loaded, whatever a process begins with."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize("first", ["pipelines.cli", "serving.api.app", "benchmarks.features.ours"])
def test_data_comes_before_polars(first: str) -> None:
    program = f"import sys, {first}; print(*sys.modules)"
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    loaded = ran.stdout.split()
    assert loaded.index("data") < loaded.index("polars")


def test_the_environment_has_the_last_word() -> None:
    program = (
        "import os; os.environ['_RJEM_MALLOC_CONF'] = 'dirty_decay_ms:1'; import data; "
        "print(os.environ['_RJEM_MALLOC_CONF'])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert ran.stdout.strip() == "dirty_decay_ms:1"
