"""What serves: the model, or a baseline in its stead, and why."""

from training.backtest import Backtest
from training.fit import LEAST_CLOSINGS, Fitted, closings_of
from training.forecasts import STAGE


def stand_in(evidence: Backtest | None) -> str:
    """Return the baseline to serve in the model's stead: the best judged, or by stage alone."""
    return STAGE if evidence is None else evidence.stand_in


def why_not(
    fitted: Fitted, evidence: Backtest | None, against: str = STAGE
) -> dict[str, str] | None:
    """Say in zh and en why a baseline serves; None where the model is surely better than it.

    The model has to be better over all, and at telling who is won (docs/decisions).

    Args:
        fitted: the model, or none where the history is too short.
        evidence: what it is judged by; None where it was not judged.
        against: the name of the baseline that it has to beat.
    """
    if fitted.model is None:
        won, lost = closings_of(fitted.sample)
        needs_zh, needs_en = f"模型需要各{LEAST_CLOSINGS}", f"a model needs {LEAST_CLOSINGS} each"
        return {
            "zh": f"历史太少：赢单{won}，输单{lost}，{needs_zh}",
            "en": f"too little history: {won} won, {lost} lost, {needs_en}",
        }
    who = None if evidence is None else evidence.saved_at_who(against)
    if evidence is None or who is None:
        return {"zh": "模型未能检验", "en": "the model could not be judged"}
    called = fitted.baselines[against].called
    if evidence.saved(against).high >= 0:
        return {"zh": f"模型不优于{called['zh']}", "en": f"no skill over the {called['en']}"}
    if who.high >= 0:
        return {
            "zh": f"在判断谁会赢单上，模型不优于{called['zh']}",
            "en": f"no skill over the {called['en']} at telling who is won",
        }
    return None


def amounts(evidence: Backtest | None) -> str:
    """Say what tells the amounts at close: "model" if surely better than the amounts "now"."""
    if evidence is None:
        return "now"
    return "model" if evidence.amounts.saved(evidence.draws).high < 0 else "now"
