"""Descriptions of APIs: what they say is what the program does, and only its authors know that."""

from __future__ import annotations

from collections.abc import Iterator

from daemon.domain.fix import Candidate
from workers.fixers.registry import NoFix, Target, fixer

_WHO = (
    "which calls need which sign-in the program decides: say in `security` what it asks for, "
    "and `security: []` where anybody may call"
)
_FLOW = "another way to sign in is a change of the program and of its clients: describe it when it is there"
_CLEAR = "whether the server answers over TLS is known to who runs it: describe `https` alone when it does"
_MEDIA = "which media types an operation takes and gives the program decides: name them as it does"
_NAMES = "which scheme was meant by the name is known to the API's authors: define it, or name one that is defined"
_WHY = {
    1: _WHO, 2: "a scheme that is no OAuth2 has no scopes: which were meant is known to the API's authors", 3: _CLEAR,
    4: _WHO, 5: _WHO, 6: _NAMES, 7: _CLEAR, 8: _FLOW, 9: _NAMES, 10: _FLOW, 11: _FLOW, 12: _FLOW, 13: _FLOW, 14: _FLOW,
    15: _FLOW, 16: _MEDIA, 17: _MEDIA, 18: _CLEAR, 19: _NAMES, 20: _CLEAR,
    21: "how many items the program gives or takes at most is known to it: say `maxItems` where it keeps a limit",
}  # fmt: skip


@fixer(
    name="openapi-authors-decide",
    weakness="configuration",
    rules={"checkov": [f"CKV_OPENAPI_{number}" for number in _WHY]},
    explain="""A description that promises a sign-in, a limit or TLS which the program does not have misleads its
clients and every test that is generated from it; nothing becomes safer. Change the program first, and then say so.""",
    for_a_person=True,
)
def authors_decide(target: Target) -> Iterator[Candidate]:
    """None: the reason says what its authors have to decide."""
    raise NoFix(_WHY[int(target.finding.rule.rpartition("_")[2])])
