"""However many findings there are: what is asked often reads an index, and no table from end to end."""

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from daemon.domain.finding import FindingState
from daemon.domain.severity import Severity
from daemon.store import findings, summary
from daemon.store.engine import Store
from daemon.store.findings import Filter


def plan(store: Store, query: Any) -> list[str]:
    """SQLite's plan of a query, one step a line."""
    text = str(query.compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True}))
    with store.read() as conn:
        return [row.detail for row in conn.execute(sa.text(f"EXPLAIN QUERY PLAN {text}"))]


def test_a_page_of_the_list_is_read_in_order_and_nothing_is_sorted(results_store: Store) -> None:
    steps = plan(results_store, findings.listing_query(Filter()))
    assert sum("USING COVERING INDEX ix_findings_urgent (state=?)" in step for step in steps) == 2
    assert not any(step.startswith("SCAN findings") for step in steps)


@pytest.mark.parametrize(
    "wanted",
    [Filter(), Filter(tool="semgrep"), Filter(tool="semgrep", rule="r", outcome="fixed"),
     Filter(min_severity=Severity.HIGH), Filter(states=(FindingState.SUPPRESSED,))],
)  # fmt: skip
def test_counting_reads_an_index_alone(results_store: Store, wanted: Filter) -> None:
    (step,) = plan(results_store, findings.count_query(wanted))
    assert step.startswith("SEARCH findings USING COVERING INDEX")


@pytest.mark.parametrize("wanted", [Filter(new=True), Filter(new=True, tool="t", min_severity=Severity.HIGH)])
def test_what_is_new_has_an_index_of_its_own(results_store: Store, wanted: Filter) -> None:
    (step,) = plan(results_store, findings.count_query(wanted))
    assert step.startswith("SEARCH findings USING COVERING INDEX ix_findings_new (state=?")


def test_the_figures_of_status_come_from_walks_along_indexes_and_nothing_is_sorted(results_store: Store) -> None:
    steps = plan(results_store, summary.tally_query())
    assert sum("USING COVERING INDEX ix_findings_tally (state=?)" in step for step in steps) == 2
    assert not any("TEMP B-TREE" in step for step in steps)
    assert any("COVERING INDEX ix_findings_group" in step for step in plan(results_store, summary.groups_query()))


def test_a_new_scan_looks_only_at_what_the_same_scan_left_open(results_store: Store) -> None:
    same = (findings.findings.c.repository == "o/r", findings.findings.c.branch == "main")
    query = sa.select(findings.findings.c.id).where(
        *same, findings.findings.c.scan_key == "k", findings.findings.c.state.in_(["open", "reopened"])
    )
    assert "ix_findings_scan (repository=? AND branch=? AND scan_key=? AND state=?)" in plan(results_store, query)[0]
