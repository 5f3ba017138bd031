"""Identity: what must not change it, and what must."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.domain.finding import Finding, Location, Package, Region
from daemon.domain.severity import Severity
from workers.source.tree import MemoryTree
from workers.triage.identity import fingerprint, place_name

words = st.text("abcdefgh_()=.", min_size=1, max_size=12)
line = st.builds(lambda indent, text: " " * indent + text, st.integers(0, 8), words)
program = st.lists(line, min_size=1, max_size=30)


def at(number: int, *, path: str = "src/a.py", end: int | None = None, **fields: object) -> Finding:
    region = Region(start_line=number, end_line=end)
    return Finding(
        tool="t",
        rule="r",
        message="m",
        severity=Severity.LOW,
        locations=(Location(path=path, region=region),),
        **fields,
    )


def tree(lines: list[str], path: str = "src/a.py", newline: str = "\n") -> MemoryTree:
    return MemoryTree({path: newline.join(lines).encode()})


@given(program, st.data())
def test_inserting_lines_above_or_below_keeps_it(lines: list[str], data: st.DataObject) -> None:
    number = data.draw(st.integers(1, len(lines)))
    above, below = data.draw(program), data.draw(program)
    before = fingerprint(at(number), tree(lines))
    assert fingerprint(at(number + len(above)), tree([*above, *lines, *below])) == before
    nearby = [*lines[: number - 1], *above, lines[number - 1], *below, *lines[number:]]
    assert fingerprint(at(number + len(above)), tree(nearby)) == before


@given(program, st.data(), st.integers(0, 12), st.sampled_from(["\n", "\r\n"]))
def test_re_indenting_and_other_line_ends_keep_it(
    lines: list[str], data: st.DataObject, indent: int, newline: str
) -> None:
    number = data.draw(st.integers(1, len(lines)))
    end = data.draw(st.integers(number, len(lines)))
    moved = [" " * indent + text.lstrip() + "\t" for text in lines]
    assert fingerprint(at(number, end=end), tree(moved, newline=newline)) == fingerprint(
        at(number, end=end), tree(lines)
    )


@given(program, st.data())
def test_renaming_the_file_keeps_it_where_git_shows_the_rename(lines: list[str], data: st.DataObject) -> None:
    number = data.draw(st.integers(1, len(lines)))
    before = fingerprint(at(number), tree(lines))
    moved = at(number, path="lib/b.py")
    assert fingerprint(moved, tree(lines, "lib/b.py"), renames={"lib/b.py": "src/a.py"}) == before
    assert fingerprint(moved, tree(lines, "lib/b.py")) != before


@given(program, words, st.data())
def test_changing_the_flagged_code_changes_it(lines: list[str], other: str, data: st.DataObject) -> None:
    number = data.draw(st.integers(1, len(lines)))
    if other == lines[number - 1].strip():
        return
    changed = [*lines[: number - 1], other, *lines[number:]]
    assert fingerprint(at(number), tree(changed)) != fingerprint(at(number), tree(lines))


@given(program, st.data())
def test_without_the_source_the_reports_snippet_gives_the_same(lines: list[str], data: st.DataObject) -> None:
    number = data.draw(st.integers(1, len(lines)))
    quoted = at(number)
    region = Region(start_line=number)
    quoted = Finding(
        tool="t",
        rule="r",
        message="m",
        severity=Severity.LOW,
        locations=(Location(path="src/a.py", region=region, snippet=lines[number - 1]),),
    )
    assert fingerprint(quoted) == fingerprint(at(number), tree(lines))


def test_a_block_is_known_by_its_first_line() -> None:
    lines = [f"line {number}" for number in range(40)]
    changed = [*lines[:20], "something else", *lines[21:]]
    assert fingerprint(at(1, end=40), tree(lines)) == fingerprint(at(1, end=41), tree([*changed, "more"]))
    assert fingerprint(at(1, end=40), tree(lines)) != fingerprint(at(1, end=40), tree(["other", *lines[1:]]))


@pytest.mark.parametrize("change", [{"rule": "other"}, {"tool": "other"}])
def test_rule_and_tool_are_part_of_it(change: dict[str, str], make_finding: Callable[..., Finding]) -> None:
    source = tree(["x", "y"], "app.py")
    assert fingerprint(make_finding(line=1, **change), source) != fingerprint(make_finding(line=1), source)


def test_a_package_is_known_by_name_version_and_manifest_and_not_by_words(make_finding: Callable[..., Finding]) -> None:
    def finding(message: str, version: str = "1", manifest: str = "a/pom.xml") -> Finding:
        package = Package(ecosystem="Maven", name="g:a", version=version, manifest=manifest)
        return make_finding("CVE-2021-10001", path=None, message=message, package=package)

    assert fingerprint(finding("one")) == fingerprint(finding("other"))
    assert fingerprint(finding("one")) != fingerprint(finding("one", version="2"))
    assert fingerprint(finding("one")) != fingerprint(finding("one", manifest="b/pom.xml"))


def test_a_scanners_fingerprint_counts_where_there_is_no_code_and_only_beside_rule_and_file(
    make_finding: Callable[..., Finding],
) -> None:
    marked = {"partial_fingerprints": {"hash": "abcdef"}}
    assert fingerprint(make_finding(message="a", **marked)) == fingerprint(make_finding(message="b", line=9, **marked))
    assert fingerprint(make_finding(**marked)) != fingerprint(make_finding(path="other.py", **marked))
    source = tree(["x"] * 9, "app.py")
    assert fingerprint(make_finding(**marked), source) == fingerprint(make_finding(), source)


def test_numbers_in_a_message_do_not_count(make_finding: Callable[..., Finding]) -> None:
    assert fingerprint(make_finding(message="line 3 of 9")) == fingerprint(make_finding(message="line 4  of 10"))


@pytest.mark.parametrize(
    ("location", "name"),
    [
        (Location(logical="ghcr.io/o/app:1.2"), "ghcr.io/o/app"),
        (Location(logical="ghcr.io:443/o/app@sha256:00ff: app/x.jar"), "ghcr.io:443/o/app: app/x.jar"),
        (Location(logical="http://localhost:8080", url="http://localhost:8080/a"), "http://localhost:8080"),
        (Location(url="https://shop.example/a?b=1"), "https://shop.example"),
        (Location(url="http://[broken"), "http://[broken"),
    ],
)
def test_images_lose_their_tag_and_sites_their_pages(location: Location, name: str) -> None:
    assert place_name(location) == name


def test_no_identity_is_made_from_a_secret() -> None:
    one, other = tree(["key = 'ghp_" + "a" * 36 + "'"]), tree(["key = 'ghp_" + "b" * 36 + "'"])
    assert fingerprint(at(1), one) == fingerprint(at(1), other)
