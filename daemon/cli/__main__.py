"""`python -m daemon.cli …`: the same as `secaid …`; services start it so, by their interpreter."""

from daemon.cli import main

main()
