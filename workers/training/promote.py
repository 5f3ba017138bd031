"""two evaluations → keep the base, or promote the candidate, with the figures that decided it."""

from __future__ import annotations

import math

import msgspec

from daemon.domain.release import Evaluation, ReleaseState

TOLERANCE = 0.02
"""How much the loss on general text may grow, as a share of the base's: about the noise of such a short text."""


class Decision(msgspec.Struct, frozen=True):
    """What becomes of a candidate, and why."""

    state: ReleaseState
    reason: str


def decide(base: Evaluation, candidate: Evaluation) -> Decision:
    """Promote only a candidate that fixes more held-out findings and has forgotten nothing general."""
    counts = f"{candidate.verified} of {candidate.attempted} against {base.verified} of {base.attempted} verified"
    if candidate.attempted != base.attempted or not candidate.attempted:
        return _kept(f"the two were not asked the same findings: {counts}" if candidate.attempted else _NOTHING)
    if candidate.verified_rate <= base.verified_rate:
        return _kept(counts)
    losses = f"general loss {candidate.general_loss:.3f} against {base.general_loss:.3f}"
    limit = base.general_loss * (1 + TOLERANCE)
    if math.isnan(candidate.general_loss) or candidate.general_loss > limit:
        return _kept(f"{counts}, but it forgot: {losses}")
    return Decision(ReleaseState.PROMOTED, f"promoted: {counts}, {losses}")


_NOTHING = "no finding was held out to compare them on"


def _kept(why: str) -> Decision:
    return Decision(ReleaseState.KEPT_BASE, f"kept the base: {why}")
