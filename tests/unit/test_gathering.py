"""What comes while a call runs is answered by the next call, each question by its own answer."""

import asyncio
import threading
from collections.abc import Sequence

import pytest

from data.errors import NotReady
from serving.gathering import Gathering


def weigh(question: int) -> int:
    return 1


class Teller:
    """Answers slowly, for as long as the gate is shut, and notes what was asked at once."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.asked: list[list[int]] = []

    def __call__(self, questions: Sequence[int]) -> list[str | Exception]:
        self.asked.append(list(questions))
        self.gate.wait(10)
        if 99 in questions:
            raise RuntimeError("all of it")
        return [ValueError(one) if one < 0 else f"{one}" for one in questions]


def test_what_waits_is_asked_at_once_up_to_the_most() -> None:
    async def run() -> tuple[Teller, list[str | Exception]]:
        teller = Teller()
        gathering: Gathering[int, str] = Gathering(teller, weigh, most=4)
        first = asyncio.create_task(gathering.ask(0))
        while not teller.asked:
            await asyncio.sleep(0)
        rest = asyncio.create_task(gathering.ask_all([1, 2, -3, 4, 5]))
        while gathering.depth < 5:
            await asyncio.sleep(0)
        teller.gate.set()
        told: list[str | Exception] = [await first, *await rest]
        await gathering.close()
        return teller, told

    teller, told = asyncio.run(run())
    assert teller.asked == [[0], [1, 2, -3, 4], [5]]
    assert [one for one in told if isinstance(one, str)] == ["0", "1", "2", "4", "5"]
    assert isinstance(told[3], ValueError)


def test_what_the_function_raises_is_told_to_all_that_were_asked_with_it() -> None:
    async def run() -> list[str | Exception]:
        teller = Teller()
        teller.gate.set()
        gathering: Gathering[int, str] = Gathering(teller, weigh)
        told = [*await gathering.ask_all([1, 99]), *await gathering.ask_all([2])]
        await gathering.close()
        return told

    failed, also, went_on = asyncio.run(run())
    assert isinstance(failed, RuntimeError)
    assert isinstance(also, RuntimeError)
    assert went_on == "2"


def test_more_than_may_wait_are_refused_and_closing_answers_the_rest() -> None:
    async def run() -> list[str | Exception]:
        teller = Teller()
        gathering: Gathering[int, str] = Gathering(teller, weigh, waiting=2)
        first = asyncio.create_task(gathering.ask(0))
        while not teller.asked:
            await asyncio.sleep(0)
        rest = asyncio.create_task(gathering.ask_all([1, 2, 3]))
        while gathering.depth < 2:
            await asyncio.sleep(0)
        closed = asyncio.create_task(gathering.close())
        await asyncio.sleep(0)
        teller.gate.set()
        await closed
        return [await first, *await rest]

    *told, refused = asyncio.run(run())
    assert told == ["0", "1", "2"]
    assert isinstance(refused, NotReady)


def test_who_has_gone_keeps_nobody_from_an_answer() -> None:
    async def run() -> str:
        teller = Teller()
        gathering: Gathering[int, str] = Gathering(teller, weigh)
        gone = asyncio.create_task(gathering.ask(0))
        while not teller.asked:
            await asyncio.sleep(0)
        other = asyncio.create_task(gathering.ask(1))
        gone.cancel()
        teller.gate.set()
        told = await other
        with pytest.raises(asyncio.CancelledError):
            await gone
        await gathering.close()
        return told

    assert asyncio.run(run()) == "1"
