"""The audit of the public data, with every column declared fixed, as if nobody had looked.

Expected are the columns that the data's own description names as giving the outcome away, and the
outcome itself. The words of `features.audit.names` were chosen with these data in view, so how
well names do here says little of other data; what values alone do says more, and stands below.
"""

from functools import cache
from pathlib import Path
from typing import Final

import pytest

from features.audit import Audit, audit
from features.audit.finding import severity
from tests.undeclared import declared, undeclared

LEAKS: Final = {
    "ibm_win_loss": {
        "Opportunity Result",
        "Elapsed Days In Sales Stage",
        "Sales Stage Change Count",
        "Total Days Identified Through Closing",
        "Total Days Identified Through Qualified",
        "Ratio Days Identified To Total Days",
        "Ratio Days Validated To Total Days",
        "Ratio Days Qualified To Total Days",
    },
    "x_education": {
        "Converted",
        "Tags",
        "Lead Quality",
        "Lead Profile",
        "Last Activity",
        "Last Notable Activity",
        "Asymmetrique Activity Index",
        "Asymmetrique Profile Index",
        "Asymmetrique Activity Score",
        "Asymmetrique Profile Score",
    },
    "olist_funnel": {
        "won_date",
        "seller_id",
        "sdr_id",
        "sr_id",
        "business_segment",
        "lead_type",
        "lead_behaviour_profile",
        "has_company",
        "has_gtin",
        "average_stock",
        "business_type",
        "declared_product_catalog_size",
        "declared_monthly_revenue",
    },
    "bank_marketing": {"y", "duration"},
    "maven_crm": {"deal_stage", "close_value", "close_date"},
}
BY_VALUES: Final = {
    "ibm_win_loss": {"Opportunity Result"},
    "x_education": {"Converted", "Tags"},
    "olist_funnel": LEAKS["olist_funnel"],
    "bank_marketing": LEAKS["bank_marketing"],
    "maven_crm": LEAKS["maven_crm"],
}
"""What would be found if every column had a name that says nothing."""


@cache
def audited(shared_data: Path, name: str) -> Audit:
    tables, pipeline = undeclared(name, shared_data / name)
    assert len(pipeline.attributes) > len(LEAKS[name])
    return audit(tables, pipeline)


@pytest.mark.parametrize("name", LEAKS)
def test_every_column_that_leaks_is_left_out_and_no_other(shared_data: Path, name: str) -> None:
    found = audited(shared_data, name)
    assert set(found.left_out) == LEAKS[name]
    policies = {column: one.policy for column, one in found.pipeline.attributes.items()}
    assert {column for column, policy in policies.items() if policy == "final"} == LEAKS[name]


@pytest.mark.parametrize("name", LEAKS)
def test_so_much_is_found_by_values_alone(shared_data: Path, name: str) -> None:
    nameless = {
        one.column
        for one in audited(shared_data, name).findings
        if severity([e for e in one.evidence if e.check not in ("name", "kin")]) == "leak"
    }
    assert nameless == BY_VALUES[name]


MISSED: Final = {
    "ibm_win_loss": {"Elapsed Days In Sales Stage", "Sales Stage Change Count"},
    "x_education": {"Last Activity", "Last Notable Activity", "Lead Profile", "Lead Quality"},
}
"""What is missed of each where its own name, and no other's, says nothing."""


@pytest.mark.slow
@pytest.mark.parametrize("name", MISSED)
def test_kin_make_up_for_most_names(shared_data: Path, name: str) -> None:
    tables, pipeline = undeclared(name, shared_data / name)
    missed = set()
    for leak in LEAKS[name]:
        nameless = pipeline.attributes[leak].model_copy(update={"column": "x"})
        renamed = pipeline.model_copy(
            update={"attributes": {**pipeline.attributes, leak: nameless}}
        )
        missed |= {leak} - set(audit(tables, renamed).left_out)
    assert missed == MISSED[name]


@pytest.mark.parametrize("name", LEAKS)
def test_shipped_mappings_lose_no_column(shared_data: Path, name: str) -> None:
    """What they declare fixed stays; what they declare final is never a feature anyway."""
    found = audit(*declared(name, shared_data / name))
    assert found.left_out == ()
    assert {one.done for one in found.findings} <= {"final", "nothing"}


def test_the_loan_logs_closing_events_are_named(shared_data: Path) -> None:
    """They are facts of the timeline: told, and left to it, since no open deal has them yet."""
    found = audit(*declared("loan_pipeline", shared_data / "loan_pipeline"))
    named = {one.column for one in found.findings}
    ends = ("A_APPROVED", "A_REGISTERED", "A_ACTIVATED", "A_DECLINED", "A_CANCELLED")
    offers = ("O_ACCEPTED", "O_DECLINED", "O_CANCELLED")
    assert {f"stage:{one}" for one in (*ends, *offers)} <= named
    assert found.left_out == ()
