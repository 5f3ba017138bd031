"""What ranges admit, in npm's and in Python's way of writing them."""

import pytest

from workers.source.manifests.admits import admits, admits_python


@pytest.mark.parametrize(
    ("spec", "version", "expected"),
    [
        ("^1.2.5", "1.2.6", True),
        ("~0.0.1", "0.2.4", False),
        ("^0.5.0", "0.5.9", True),
        ("^0.0.3", "0.0.4", False),
        ("^0", "0.9.0", True),
        ("1.x", "1.9.0", True),
        ("1", "1.4.4", True),
        ("", "2.0.0", True),
        (">=1.0.0 <2", "1.5.0", True),
        (">1.2", "1.2.5", False),
        ("<=1.2", "1.2.5", True),
        ("1.2.3 - 2.3", "2.3.4", True),
        ("2 || 3 || 4", "3.2.1", True),
        ("4.17.20", "4.17.21", False),
        ("~> 1.2.3", "1.2.8", True),
        ("npm:lodash@^4", "4.1.0", True),
        ("latest", "1.0.0", None),
        ("workspace:*", "1.0.0", None),
        ("git+ssh://x/y#1.2.3", "1.0.0", None),
        ("^1.0.0", "1.0.1-rc.1", None),
    ],
)
def test_npm(spec, version, expected):
    """None where nobody can say without a registry."""
    assert admits(spec, version) is expected


@pytest.mark.parametrize(
    ("spec", "version", "expected"),
    [
        (">=0.40.0,<0.42.0", "0.47.2", False),
        (">=1.21.1,<3", "2.5.0", True),
        ("==1.*", "1.5", True),
        ("~=2.2", "2.5.0", True),
        ("~=2.2.1", "2.3.0", False),
        ("!=1.25.0,<1.26", "1.25.1", True),
        ("*", "1.0", True),
        ("^1.0", "1.1", None),
    ],
)
def test_python(spec, version, expected):
    """None where the clauses are not PEP 440's."""
    assert admits_python(spec, version) is expected
