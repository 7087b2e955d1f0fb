"""Gathering: questions that come at the same time are answered together.

A feature call costs nearly as much for one deal as for fifty. So while one call runs, what comes
in waits, and the next call takes all of it. Nobody waits for company by a clock: who comes alone
is answered at once. But whose request is being read already is waited for, since a call that
begins without them would only take the processor from their reading, and make them wait for it.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

from data.errors import NotReady
from data.lookup import Remembered

Question = TypeVar("Question")
Answer = TypeVar("Answer")

_TURNS: Final = 20
"""Turns of the loop without a new question after which a call begins, a tenth of a millisecond: a
client that was just answered may be about to ask again."""
_AT_ONCE: Final = 8
"""Answers told in one turn of the loop: they leave while the next ones are written."""


@dataclass
class Gathering(Generic[Question, Answer]):
    """Hands questions to one function, as many as have come, one call at a time.

    Attributes:
        answer: answers questions in their order, each with its answer or with what is wrong
            with it. What it raises is wrong with all of them.
        weigh: how much a question asks.
        most: how much may be asked at once; a single question may be heavier.
        waiting: how many questions may wait; more are refused.
        threaded: whether the function has a thread of its own. One that needs less time than a
            change of threads, and waits for nobody, is called on the loop.
        remembered: what was answered before and still holds; only of a function without a thread:
            what is committed while one reads would not be seen.
    """

    answer: Callable[[Sequence[Question]], Sequence[Answer | Exception]]
    weigh: Callable[[Question], int]
    most: int = 256
    waiting: int = 2_000
    threaded: bool = True
    remembered: Remembered[Question, Answer] | None = None
    _queue: deque[tuple[Question, asyncio.Future[Answer]]] = field(default_factory=deque)
    _worker: asyncio.Task[None] | None = None
    _thread: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "score"))

    @property
    def depth(self) -> int:
        """How many questions wait."""
        return len(self._queue)

    async def ask(self, question: Question) -> Answer:
        """Return the answer to a question, or raise what is wrong with it.

        Raises:
            NotReady: too many wait already.
        """
        if self.remembered is not None and (told := self.remembered.get(question)) is not None:
            return told
        if len(self._queue) >= self.waiting:
            raise NotReady("too many requests wait", remedy="try again soon, or ask in batches")
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._queue.append((question, future))
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._work())
        return await future

    async def ask_all(self, questions: Sequence[Question]) -> list[Answer | Exception]:
        """Return the answers to questions in their order, or what is wrong with each."""
        told = await asyncio.gather(*map(self.ask, questions), return_exceptions=True)
        for one in told:
            if isinstance(one, BaseException) and not isinstance(one, Exception):
                raise one
        return told  # type: ignore[return-value]  # what is no Exception was raised

    async def close(self) -> None:
        """Answer what waits, and end the thread."""
        if self._worker is not None:
            await self._worker
        self._thread.shutdown()

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        while self._queue:
            if self.threaded:
                await self._all_in()
            taken = self._take()
            questions = [question for question, _ in taken]
            try:
                if self.threaded:
                    answers = await loop.run_in_executor(self._thread, self.answer, questions)
                else:
                    answers = self.answer(questions)
            except Exception as error:
                answers = [error] * len(taken)
            self._remember(questions, answers)
            for number, ((_, future), answer) in enumerate(zip(taken, answers, strict=True), 1):
                _tell(future, answer)
                if number % _AT_ONCE == 0:
                    await asyncio.sleep(0)

    def _remember(
        self, questions: Sequence[Question], answers: Sequence[Answer | Exception]
    ) -> None:
        """Keep what was read, before anything else has a turn."""
        if self.remembered is not None:
            for question, answer in zip(questions, answers, strict=True):
                if not isinstance(answer, Exception):
                    self.remembered.keep(question, answer)

    async def _all_in(self) -> None:
        """Wait as long as turns of the loop bring more questions, up to a full call."""
        here, still = 0, 0
        while still < _TURNS and sum(self.weigh(one) for one, _ in self._queue) < self.most:
            still = still + 1 if len(self._queue) == here else 0
            here = len(self._queue)
            await asyncio.sleep(0)

    def _take(self) -> list[tuple[Question, asyncio.Future[Answer]]]:
        taken = [self._queue.popleft()]
        weight = self.weigh(taken[0][0])
        while self._queue:
            weight += self.weigh(self._queue[0][0])
            if weight > self.most:
                break
            taken.append(self._queue.popleft())
        return taken


def _tell(future: asyncio.Future[Answer], answer: Answer | Exception) -> None:
    if future.done():  # whoever asked has gone
        return
    if isinstance(answer, Exception):
        future.set_exception(answer)
    else:
        future.set_result(answer)
