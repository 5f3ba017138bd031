"""Findings that one bump ends stay in one batch."""

from hypothesis import given
from hypothesis import strategies as st

from daemon.domain.finding import Finding, Package
from daemon.domain.severity import Severity
from workers.triage.groups import batches, package_of


def about(package: int | None) -> Finding:
    named = None if package is None else Package(name=f"p{package}", version="1.0", ecosystem="npm")
    return Finding(tool="t", rule="r", message="m", severity=Severity.LOW, package=named)


@given(packages=st.lists(st.none() | st.integers(0, 5), max_size=60), size=st.integers(1, 20))
def test_every_finding_is_in_one_batch_and_a_package_in_one_only(packages: list[int | None], size: int) -> None:
    findings = {f"f{number}": about(package) for number, package in enumerate(packages)}
    made = batches(findings, size)
    assert sorted(one for batch in made for one in batch) == sorted(findings)
    assert all(made)
    where = {one: number for number, batch in enumerate(made) for one in batch}
    for one, finding in findings.items():
        same = [
            other for other in findings if package_of(finding) and package_of(findings[other]) == package_of(finding)
        ]
        assert {where[other] for other in same} <= {where[one]}
    loose = [batch for batch in made if len({package_of(findings[one]) for one in batch}) > 1]
    assert all(len(batch) <= size for batch in loose)
