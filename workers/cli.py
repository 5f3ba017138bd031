"""`secaid-worker KIND`: one worker in the foreground, as launchd and `secaid worker KIND` run it."""

from __future__ import annotations

import sys

from daemon.domain.job import JobKind
from daemon.errors import SecaidError
from daemon.process import serve


def main() -> None:
    """Console script. Exit 0 stopped as asked, 2 usage, 3 unavailable."""
    kinds = [str(kind) for kind in JobKind]
    if len(sys.argv) != 2 or sys.argv[1] not in kinds:
        sys.stderr.write(f"usage: secaid-worker {{{','.join(kinds)}}}\n")
        sys.exit(0 if sys.argv[1:] in (["-h"], ["--help"]) else 2)
    try:
        serve.main(sys.argv[1:])
    except SecaidError as error:
        sys.stderr.write(f"secaid-worker: {error}\n")
        sys.exit(3)
