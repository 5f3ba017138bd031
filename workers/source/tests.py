"""Which files are tests, by the names that their languages' test runners look for."""

from __future__ import annotations

import re

from workers.source.tree import outside_packages

_FOLDERS = re.compile(
    r"(?:^|/)(?:tests?|testing|t|__tests__|spec|e2e|cypress|androidTest|testFixtures|fixtures|mocks|fakes|stubs|testdata|testresources|src/it|__(?:stubs|mocks|fixtures)__)/"
    r"|(?:^|/)(?:[\w-]+[-_])?(?:integration|functional|acceptance|system|unit|e2e|end[-_]to[-_]end|smoke|compat(?:ibility)?|regression)"
    r"[-_]?tests?/|^integration/|(?:^|/)(?:\w+_)?itests?/"
)
_NAMES = re.compile(
    r"(?:^|/)(?:test[_-][^/]*|[^/]*[_-]tests?|tests|conftest)\.py$"
    r"|(?:^|/)(?:settings|config)/(?:tests?|testing|ci)\.py$|(?:^|/)(?:settings|config)_(?:testing|ci)\.py$"
    r"|(?:^|/)\.?(?:ci|travis|tests?|testing)[._]settings\.py$"
    r"|_test\.go$|_(?:test|spec)\.rb$|Tests?\.(?:cs|php)$"
    r"|(?:Test|Tests|IT|Spec)\.(?:java|kt)$"
    r"|\.(?:test|spec|cy)\.[jt]sx?$"
    r"|(?:^|[/_.-])fixtures?\.(?:go|py|rb|php|[jt]sx?)$"
)
_DATA = re.compile(
    r"(?:^|/)(?:tests?|testing|spec|__tests__)/(?:[^/]+/)*"
    r"(?:data|cases|fixtures|testdata|test_data|snapshots|golden|inputs?|outputs?|expected|samples|corpus)/"
)


def is_test(path: str) -> bool:
    """Whether a path of a repository is test code."""
    return bool(_FOLDERS.search(outside_packages(path)) or _NAMES.search(path))


def is_test_data(path: str) -> bool:
    """Whether a path is of what a test reads and compares, and not of the test's own code."""
    return _DATA.search(path) is not None and _NAMES.search(path) is None
