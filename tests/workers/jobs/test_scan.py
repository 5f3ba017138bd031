"""Reports of one artifact → its scan: what of the repository nobody looked at."""

from daemon.domain.report import Report
from workers.jobs.scan import scan_of
from workers.source.tree import MemoryTree

TREE = MemoryTree({"a.py": b"", "b.py": b"", "c.js": b""})


def report(tool: str, path: str = "r", *, scanned: tuple[str, ...] = (), **values: object) -> Report:
    return Report(tool=tool, tools=(tool,), format="f", path=path, rows=(), scanned=scanned, **values)  # type: ignore[arg-type]  # a test's own


def test_a_report_that_lists_all_it_read_leaves_the_rest_unread() -> None:
    found = scan_of([report("bandit", scanned=("a.py",), lists_all=True)], [], TREE)
    assert found.unread == {"bandit": frozenset({"b.py", "c.js"})}


def test_two_reports_of_one_tool_read_what_either_read() -> None:
    first = report("semgrep", "one", scanned=("a.py",), lists_all=True)
    second = report("semgrep", "two", scanned=("c.js",), lists_all=True, unread=("a.py",))
    assert scan_of([first, second], [], TREE).unread == {"semgrep": frozenset({"a.py", "b.py"})}


def test_where_a_report_does_not_list_what_it_read_only_what_it_could_not_read_is_unread() -> None:
    first = report("semgrep", "one", scanned=("a.py",), lists_all=True)
    assert scan_of([first, report("semgrep", "two", unread=("b.py",))], [], TREE).unread == {
        "semgrep": frozenset({"b.py"})
    }
    assert scan_of([report("gosec")], [], TREE).unread == {}


def test_without_the_source_no_file_is_known_that_was_not_read() -> None:
    assert scan_of([report("bandit", scanned=("a.py",), lists_all=True)], []).unread == {}


def test_a_scanner_that_found_nothing_in_a_shared_file_ran_all_the_same() -> None:
    shared = Report(tool="trivy", tools=("trivy", "checkov"), format="sarif", path="r", rows=())
    assert scan_of([shared], []).tools == {"trivy", "checkov"}
