"""Findings that stand where a worse one stood: what a scanner asks to be looked at in every use of a safe interface.

A rule is here only where it reports the use itself and not a weakness, where no fix of the other rule can be without
it, and where both come from one scanner. Such a finding is no regression; the verdict still recommends to look at it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence

import msgspec

from daemon.domain.finding import Finding

_APT = re.compile(r"(?<![\w./-])apt(?:-get|-cache)?(?![\w./-])")
_FULL_UPGRADE = re.compile(r"\bapt((?:\s+-\S+)*\s+)full-upgrade(?![\w-])")
_UNTAGGED = re.compile(rb"(?im)^[ \t]*FROM[ \t]+(?:--\S+[ \t]+)?(?:[^\s:@]+:\d+/)?[^\s:@]+(?::latest)?(?=\s|$).*?$")
_CLEANS = frozenset(("&&", ";", "\\", "rm", "clean", "/var/lib/apt/lists/*"))


def _renamed(before: bytes, after: bytes) -> bool:
    """Whether a Dockerfile lost no word but the program's name, and won none but options and cleaning up.

    Otherwise a pin, a `-y` or a package may have gone or come along with it, and the scanner's remark is about that.
    `full-upgrade` is apt's name for what apt-get calls `dist-upgrade`.
    """
    old, new = (Counter(_under_one_name(text.decode("utf-8", "replace")).split()) for text in (before, after))
    won = (new - old).keys() - old.keys()
    return not old - new and all(word.startswith("-") or word in _CLEANS for word in won)


def _without_sudo(before: bytes, after: bytes) -> bool:
    """Whether a Dockerfile lost nothing but `sudo` and its options, and won nothing."""
    old, new = (Counter(text.decode("utf-8", "replace").split()) for text in (before, after))
    lost = (old - new).keys()
    return "sudo" in lost and lost <= {"sudo", "-E", "-H", "-n", "-S"} and not new - old


def _without_update(before: bytes, after: bytes) -> bool:
    """Whether a Dockerfile lost nothing but the fetching of a package index, and won nothing but `--no-cache`."""
    old, new = (Counter(text.decode("utf-8", "replace").split()) for text in (before, after))
    return (old - new).keys() <= {"apk", "update", "&&", "\\", "-U", "--update"} and (new - old).keys() <= {
        "--no-cache"
    }


def _under_one_name(text: str) -> str:
    return _FULL_UPGRADE.sub(r"apt\1dist-upgrade", _APT.sub("apt", text))


def _moved_on(before: bytes, after: bytes) -> bool:
    """Whether every image that a Dockerfile names without a tag was there before."""
    old, new = (Counter(_UNTAGGED.findall(text)) for text in (before, after))
    return new < old


class Counterpart(msgspec.Struct, frozen=True):
    """Rules that end, rules that may stand in their place, and why that is right."""

    tool: str
    ended: frozenset[str]
    instead: frozenset[str]
    why: str
    holds: Callable[[bytes, bytes], bool] = lambda _before, _after: True
    """Whether the file before and after shows that it is nothing else."""


_SHELL = frozenset(("B602", "B604", "B605", "B607", "B609"))
COUNTERPARTS = (
    Counterpart(
        "bandit",
        _SHELL,
        frozenset(("B603", "B404", "B607")),
        "bandit notes every subprocess; without a shell only the program and its arguments are left to check",
    ),
    Counterpart(
        "bandit",
        frozenset(("B301", "B302", "B307", "B102", "B506")),
        frozenset(("B403",)),
        "bandit notes the import itself",
    ),
    Counterpart(
        "hadolint",
        frozenset(("DL3027",)),
        frozenset(("DL3008", "DL3009", "DL3014", "DL3015")),
        "hadolint asks this of apt-get alone: the same packages were installed in the same way by apt",
        _renamed,
    ),
    Counterpart(
        "hadolint",
        frozenset(("DL3004",)),
        frozenset(("DL3008", "DL3009", "DL3013", "DL3014", "DL3015", "DL3016", "DL3018", "DL3019", "DL3042", "DL3047")),
        "hadolint looks behind no sudo: the same command ran in the same way with it",
        _without_sudo,
    ),
    Counterpart(
        "hadolint",
        frozenset(("DL3020",)),
        frozenset(("DL3045",)),
        "hadolint asks this of COPY alone: the destination of ADD was as relative",
    ),
    Counterpart(
        "hadolint",
        frozenset(("DL3019",)),
        frozenset(("DL3059",)),
        "hadolint counts the RUNs of one command alone: without the update this one has become such",
        _without_update,
    ),
    Counterpart(
        "checkov",
        frozenset(("CKV_DOCKER_7",)),
        frozenset(("CKV_DOCKER_7",)),
        "checkov names one image of a Dockerfile alone, and goes on to the next that has no tag",
        _moved_on,
    ),
)


def counterpart(new: Finding, ended: Sequence[Finding]) -> Counterpart | None:
    """The pair that makes a new finding what an ended one leaves behind; its `holds` is still to be asked."""
    for table in COUNTERPARTS:
        if new.tool == table.tool and new.rule in table.instead:
            gone = [finding for finding in ended if finding.tool == table.tool and finding.rule in table.ended]
            if any(new.severity.rank <= finding.severity.rank for finding in gone):
                return table
    return None
