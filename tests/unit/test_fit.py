"""Fitting: the words that a mapping gives its attributes."""

from data.contract import Attribute, Pipeline
from features.compute import catalogue
from features.context import Context
from training.fit import in_words


def test_an_attributes_feature_is_called_as_the_mapping_calls_it() -> None:
    attributes = {"budget": Attribute(policy="fixed", zh="预算"), "grade": Attribute()}
    pipeline = Pipeline(name="p", attributes=attributes)
    features = catalogue(Context((), (), (), texts=("budget", "grade")))
    called = {one.name: (one.zh, one.en) for one in in_words(features, pipeline)}
    assert called["budget"] == ("预算", "budget")
    assert called["grade"] == ("grade", "grade")
    assert called["stage"] == ("阶段", "stage")
