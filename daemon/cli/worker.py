"""`secaid worker KIND`: one worker in the foreground, as launchd runs it."""

from __future__ import annotations

import click

from daemon.domain.job import JobKind


@click.command()
@click.argument("kind", type=click.Choice([str(kind) for kind in JobKind]))
def worker(kind: str) -> None:
    """Claim and run jobs of one kind until stopped."""
    from daemon.process import serve

    serve.main([kind])
