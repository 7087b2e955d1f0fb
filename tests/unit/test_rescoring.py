"""What cannot be scored keeps nothing else from being scored again."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from serving import telemetry
from serving.rescoring import Rest


@dataclass
class Rescores:
    """Rescores in portions; a portion with a broken deal fails as a feature of one's own may."""

    touched: set[str]
    broken: set[str]
    asked: list[int] = field(default_factory=list)

    def rest(self) -> Iterator[tuple[str, list[str]]]:
        yield "sales", sorted(self.touched)

    def rescore(self, pipeline: str, deal_ids: list[str], caller: str) -> None:
        self.asked.append(len(deal_ids))
        if self.broken.intersection(deal_ids):
            raise ZeroDivisionError(pipeline, caller)
        self.touched -= set(deal_ids)


def test_a_deal_that_cannot_be_scored_keeps_no_other_waiting() -> None:
    deals = {f"D-{number:03}" for number in range(1_000)}
    rescorer = Rescores(set(deals), {"D-007", "D-500"})
    rest = Rest(rescorer)  # type: ignore[arg-type]
    failed = telemetry.failed_rounds.labels("rescoring")._value
    before = failed.get()
    longer = rest._round()
    assert rescorer.touched == {"D-007", "D-500"}
    assert failed.get() == before + 2
    assert longer is not None
    assert longer > rest.every_seconds
    assert len(rescorer.asked) < 50  # halves, not one by one
