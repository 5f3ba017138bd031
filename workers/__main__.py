"""`python -m workers KIND`: the same as `secaid-worker KIND`."""

from workers.cli import main

main()
