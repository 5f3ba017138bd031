"""Paths, severities, ids, packages and text, as scanners write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.domain.severity import Severity
from workers.parsers import identifiers, severity
from workers.parsers.packages import guess_ecosystem, make_purl, package
from workers.parsers.paths import PathResolver, Place
from workers.parsers.text import first_line, hide, plain


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("src/a.py", "src/a.py"),
        ("./src//a.py", "src/a.py"),
        (".\\src\\a.py", "src/a.py"),
        ("src/x/../a.py", "src/a.py"),
        ("file:///home/runner/work/shop/shop/src/a%20b.py", "src/a b.py"),
        ("/home/runner/work/shop/shop/src/a.py", "src/a.py"),
        ("D:\\a\\shop\\shop\\src\\a.py", "src/a.py"),
        ("file:///D:/a/shop/shop/src/a.py", "src/a.py"),
        ("/github/workspace/src/a.py", "src/a.py"),
        ("/builds/group/shop/src/a.py", "src/a.py"),
        ("/tmp/scan/src/a.py", "src/a.py"),
        ("/etc/passwd", None),
        ("../a.py", None),
        ("src/../../a.py", None),
        ("C:/Windows/a.ini", None),
        ("pkg:npm/left@1", None),
        (".", None),
        ("", None),
        ("a" * 2000, None),
    ],
)
def test_a_file_is_named_from_the_repositorys_root_or_not_at_all(name: str, path: str | None) -> None:
    assert PathResolver(["/tmp/scan"]).path(name) == path


def test_a_url_and_an_image_are_places_of_their_own() -> None:
    resolver = PathResolver()
    assert resolver.place("https://shop.example/a") == Place(url="https://shop.example/a")
    assert resolver.place("/usr/lib/x.so") == Place(other="/usr/lib/x.so")


@given(st.text(max_size=60))
def test_no_name_leads_out_of_the_repository(name: str) -> None:
    path = PathResolver(["/tmp/scan", "file:///x/"]).path(name)
    assert path is None or not (path.startswith("/") or ".." in path.split("/") or "\0" in path or not path)


@pytest.mark.parametrize(
    ("vectors", "score", "word", "wanted"),
    [
        (("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",), None, None, (Severity.CRITICAL, 9.8)),
        (("AV:N/AC:L/Au:N/C:P/I:P/A:P",), None, "low", (Severity.HIGH, 7.5)),
        (("(AV:N/AC:L/Au:N/C:P/I:P/A:P)",), None, None, (Severity.HIGH, 7.5)),
        (("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:H/SC:N/SI:N/SA:N",), None, None, (Severity.HIGH, 8.7)),
        (
            ("AV:N/AC:L/Au:N/C:P/I:P/A:P", "CVSS:3.0/AV:L/AC:H/PR:H/UI:R/S:U/C:L/I:N/A:N"),
            None,
            None,
            (Severity.LOW, 1.8),
        ),
        (("nonsense",), "5.0", "high", (Severity.MEDIUM, 5.0)),
        ((), 99, "High", (Severity.HIGH, None)),
        ((), True, None, (Severity.UNKNOWN, None)),
        ((), "nan", "Moderate", (Severity.MEDIUM, None)),
        ((), None, "very high", (Severity.CRITICAL, None)),
        ((), None, "no such word", (Severity.UNKNOWN, None)),
    ],
)
def test_the_newest_vector_decides_then_the_score_then_the_word(
    vectors: tuple[str, ...], score: object, word: str | None, wanted: tuple[Severity, float | None]
) -> None:
    rated = severity.rate(vectors=vectors, score=score, word=word)
    assert (rated.severity, rated.score) == wanted


def test_weaknesses_are_found_however_they_are_written() -> None:
    written = [
        "CWE-79: XSS",
        "external/cwe/cwe-089",
        "https://cwe.mitre.org/cwe_22",
        "78",
        611,
        "CWE79",
        True,
        "cwe-0",
        None,
    ]
    assert identifiers.cwes(written) == (79, 89, 22, 78, 611)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("A03:2021 - Injection", ("A03:2021",)),
        ("A5:2021 Security Misconfiguration", ("A05:2021",)),
        ("A1: Injection", ("A1",)),
        ("M5: Insufficient Cryptography", ("M5",)),
        ("API1:2023", ("API1:2023",)),
        ("nothing", ()),
    ],
)
def test_owasp_entries_are_found_however_they_are_written(text: str, found: tuple[str, ...]) -> None:
    assert identifiers.owasp(text) == found


def test_ids_of_vulnerabilities_get_their_issuers_case() -> None:
    text = "cve-2021-44228 and GHSA-JFH8-C2JP-5V3Q, see PYSEC-2021-1; CVE-2021-44228 again"
    assert identifiers.vulnerabilities(text) == ("CVE-2021-44228", "GHSA-jfh8-c2jp-5v3q", "PYSEC-2021-1")


@pytest.mark.parametrize(
    ("system", "name", "purl"),
    [
        ("Maven", "org.left:left", "pkg:maven/org.left/left@1"),
        ("npm", "@scope/left", "pkg:npm/%40scope/left@1"),
        ("Go", "github.com/a/b", "pkg:golang/github.com/a/b@1"),
        ("PyPI", "Django", "pkg:pypi/django@1"),
        ("Debian:12", "openssl", "pkg:deb/debian/openssl@1"),
        ("GitHub Actions", "actions/checkout", "pkg:githubactions/actions/checkout@1"),
        ("npm", "left/", None),
        ("Homemade", "left", None),
    ],
)
def test_a_package_gets_its_url_where_its_ecosystem_has_one(system: str, name: str, purl: str | None) -> None:
    assert make_purl(system, name, "1") == purl


def test_a_package_url_fills_what_a_report_leaves_out() -> None:
    found = package(purl="pkg:maven/org.left/left@1.0", kind=None)
    assert found
    assert (found.ecosystem, found.name, found.version) == ("Maven", "org.left:left", "1.0")
    broken = package(purl="pkg:", name="left", kind="node-pkg", version="1")
    assert broken
    assert (broken.ecosystem, broken.purl) == ("npm", "pkg:npm/left@1")


@given(st.text(max_size=20), st.text(max_size=20), st.text(max_size=20))
def test_any_words_make_a_package_or_none(kind: str, name: str, version: str) -> None:
    found = package(kind=kind, name=name, version=version)
    assert (found is None) == (not name)


@pytest.mark.parametrize(
    ("name", "version", "file", "wanted"),
    [
        ("left", "1", "web/package-lock.json", "npm"),
        ("left", "1", "app/app.jar", "Maven"),
        ("tar", "1.35+dfsg-3build1", "ghcr.io/o/app", "Ubuntu"),
        ("curl", "7.88.1-10+deb12u5", None, "Debian"),
        ("a:b", "1", None, "Maven"),
        ("left", "1", None, None),
    ],
)
def test_an_ecosystem_is_guessed_from_the_file_or_the_version(
    name: str, version: str, file: str | None, wanted: str | None
) -> None:
    assert guess_ecosystem(name, version, file) == wanted


def test_markup_becomes_text_titles_are_short_and_named_secrets_go() -> None:
    assert plain("<p>Set <b>one</b> &amp; test.</p><script>") == "Set one & test.<script>"
    assert first_line("One. " + "more " * 100) == "One"
    assert hide("key=abcdef", "abcdef") == "key=[secret masked]"
    assert hide("a b", "a") == "a b"
