"""A thread beside the requests goes on whatever happens, and ends when it is told to."""

from dataclasses import dataclass, field
from threading import Event

import pytest

from serving import telemetry, threads
from serving.threads import ServiceThread


@dataclass
class Tries(ServiceThread):
    called = "tries"
    every_seconds = 0.001
    left: list[Exception] = field(
        default_factory=lambda: [OSError("no disk"), ValueError("never foreseen")]
    )
    well: Event = field(default_factory=Event)

    def _round(self) -> None:
        if self.left:
            raise self.left.pop(0)
        self.well.set()


def test_a_log_on_a_full_disk_ends_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    class Full:
        def error(self, *_: object, **__: object) -> None:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(threads, "_AFTER_FAILURE_SECONDS", 0.01)
    monkeypatch.setattr(threads, "log", Full())
    tries = Tries()
    tries.start()
    assert tries.well.wait(30)
    tries.stop()


def test_a_failed_round_is_told_of_and_the_next_one_comes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(threads, "_AFTER_FAILURE_SECONDS", 0.01)
    failed = telemetry.failed_rounds.labels("tries")
    before = failed._value.get()
    tries = Tries()
    tries.start()
    assert tries.well.wait(30)
    tries.stop()
    assert failed._value.get() == before + 2
    said = capsys.readouterr().out
    assert "no disk" in said
    assert "never foreseen" in said
    assert said.count("Traceback") == 1  # of what nobody foresaw
    assert tries._thread is not None
    assert not tries._thread.is_alive()
