"""What was reached: the attainment of a view."""

from dataclasses import dataclass

import polars as pl

from serving.desk.view import View
from serving.insights.attainment import WON_AMOUNT, By, attained
from serving.insights.course import course
from serving.insights.customers import customer_attainment, won_customers
from serving.insights.extremes import best_and_worst
from serving.insights.figures import short
from serving.insights.period import Kind, Period, period_of
from serving.insights.quotas import quotas


@dataclass(frozen=True)
class Reached:
    """Attainment of a period.

    Attributes:
        period: the period.
        whole: one row for the scope, see `attained`.
        groups: a row for each seller, team or region; None where it was not asked for.
        quotas: activity quotas of the sellers, see `insights.quotas`.
        customers: customer attainment of the quarter that the period's last moment lies in.
        gone: the share of the period that has passed.
    """

    period: Period
    whole: pl.DataFrame
    groups: pl.DataFrame | None
    quotas: pl.DataFrame
    customers: pl.DataFrame
    gone: float

    @property
    def told(self) -> dict[str, str]:
        """Say in a sentence how far it has come, in zh and en."""
        row, name = self.whole.row(0, named=True), self.period.told
        zh = f"{name['zh']}实际完成{short(row['actual'], 'zh')}"
        en = f"{name['en']}: {short(row['actual'], 'en')} came in"
        if row["rate"] is not None:
            zh += f"，为目标{short(row['target'], 'zh')}的{row['rate']:.0%}"
            en += f", {row['rate']:.0%} of the target of {short(row['target'], 'en')}"
        if self.gone < 1:
            zh += f"，时间已过{self.gone:.0%}"
            en += f", with {self.gone:.0%} of the time gone"
        if row["over_before"] is not None:
            zh += f"；环比{_more(row['over_before'])}"
            en += f"; {_more(row['over_before'])} over the period before"
        if row["over_year"] is not None:
            zh += f"，同比{_more(row['over_year'])}"
            en += f", {_more(row['over_year'])} over the year before"
        return {"zh": zh, "en": en}


def _more(share: float) -> str:
    return f"{share:+.0%}".replace("-", "−")


def reached(
    view: View,
    kind: Kind = "quarter",
    by: By | None = None,
    metric: str = WON_AMOUNT,
    moment: int | None = None,
) -> Reached:
    """Tell the attainment of the period of a kind that a moment lies in; by default now's.

    It is found once for each view.
    """
    asked = (kind, by, metric, moment)
    return view.once(("reached", *asked), lambda: _reached(view, *asked))


def _reached(view: View, kind: Kind, by: By | None, metric: str, moment: int | None) -> Reached:
    period = period_of(kind, view.as_of if moment is None else moment)
    told = (view.deals, view.work, view.targets, view.desk.sellers, view.scope, period, view.as_of)
    quarter = period_of("quarter", min(period.ends_at - 1, max(view.as_of, period.starts_at)))
    practice = view.about.practice
    by_role = {
        role: one.model_copy(update={"least_estimate": one.least_estimate * view.unit})
        for role, one in practice.quotas.items()
    }
    return Reached(
        period=period,
        whole=attained(*told, by=None, metric=metric),
        groups=None if by is None else attained(*told, by=by, metric=metric),
        quotas=quotas(view.deals, view.followed, view.sellers, by_role, view.as_of),
        customers=customer_attainment(
            won_customers(view.deals, quarter), practice.required_attainment
        ),
        gone=min(max(view.as_of - period.starts_at, 0) / (period.ends_at - period.starts_at), 1.0),
    )


def course_of(view: View, period: Period, metric: str = WON_AMOUNT) -> pl.DataFrame:
    """Tell how a period's metric has come up day by day, see `course`; once for each view."""
    return view.once(
        ("course", period, metric),
        lambda: course(view.deals, view.work, period, view.as_of, metric),
    )


def extremes(
    view: View, period: Period, count: int = 10
) -> dict[str, tuple[pl.DataFrame, pl.DataFrame]]:
    """Return the best and the worst customers, products and sources of a period.

    By won amount under account, product and source; and by margin, where an attribute names one,
    under account_margin and so on.
    """
    return view.once(("extremes", period, count), lambda: _extremes(view, period, count))


def _extremes(
    view: View, period: Period, count: int
) -> dict[str, tuple[pl.DataFrame, pl.DataFrame]]:
    found = {}
    for side in ("account", "product", "source"):
        found[side] = best_and_worst(view.deals, side, period, "value", count)
        if view.about.practice.margin is not None:
            found[f"{side}_margin"] = best_and_worst(view.deals, side, period, "margin", count)
    return found
