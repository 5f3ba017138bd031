"""The command line: parse, one query, render. Each command's module is imported when it is asked for."""

from __future__ import annotations

from daemon.cli.main import main

__all__ = ["main"]
