"""What a fixer is, and where they are found."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from daemon.domain.finding import Finding
from daemon.domain.fix import Candidate
from daemon.errors import Permanent
from workers.registry import Registry
from workers.source.tree import SourceTree


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """What a fixer is asked to fix."""

    finding: Finding
    tree: SourceTree
    group: tuple[Finding, ...] = ()
    """The other findings that one fix should end with it (the aliases of one package)."""


class NoFix(Permanent):
    """There is no sound fix here; the message is the reason that a person reads."""


class NotHere(NoFix):
    """The flagged lines hold nothing that the fixer is about: no answer where only the CWE led to it."""


class Harmless(NoFix):
    """The rule fires and there is nothing to mend: a made-up credential in a test, an address that is only compared."""


class OtherLanguage(NoFix):
    """The rule is about several languages and the file is in another one than the fixer's: not its answer to give."""


Propose = Callable[[Target], Iterable[Candidate]]


class Fixer(msgspec.Struct, frozen=True, kw_only=True):
    """One transformation, keyed on a weakness, with the scanner rules that mean it."""

    name: str
    weakness: str
    rules: Mapping[str, Sequence[str]]
    """Scanner → rule patterns (`fnmatch`, matched against the whole id and against its last dotted part)."""
    cwes: tuple[int, ...] = ()
    """CWE numbers: it is also asked about a rule that no fixer names, as of a repository's own rules."""
    explain: str
    """What the weakness is, why it matters, and how each approach ends it. It teaches."""
    for_a_person: bool = False
    """It never has a change to offer: its answer is the reason why a person has to look."""
    in_tests: bool = True
    """Whether test code has the weakness: what somebody else has to use does no harm where the test is alone."""
    propose: Propose


FIXERS: Registry[Fixer] = Registry("fixer", "workers.fixers")


def fixer(
    *,
    name: str,
    weakness: str,
    rules: Mapping[str, Sequence[str]],
    explain: str,
    cwes: tuple[int, ...] = (),
    for_a_person: bool = False,
    in_tests: bool = True,
) -> Callable[[Propose], Propose]:
    """Register a function as a fixer. It yields candidates, or raises `NoFix` with the reason."""

    def register(propose: Propose) -> Propose:
        made = Fixer(
            name=name,
            weakness=weakness,
            rules=rules,
            cwes=cwes,
            explain=explain,
            for_a_person=for_a_person,
            in_tests=in_tests,
            propose=propose,
        )
        FIXERS.add(name, made)
        return propose

    return register
