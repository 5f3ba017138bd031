"""Whether somebody has committed to a SQLite database, by SQLite's own count."""

from __future__ import annotations

import sqlite3


class DataVersion:
    """Call it now and then: what it returns has changed once another connection has committed."""

    def __init__(self, database: str) -> None:
        self._connection = sqlite3.connect(read_only(database), uri=True, check_same_thread=False)

    def __call__(self) -> object:
        """Something to compare with what it was."""
        try:
            return self._connection.execute("PRAGMA data_version").fetchone()[0]
        except sqlite3.Error:
            return None

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def read_only(database: str) -> str:
    """The URI that opens a file for reading, whatever its path holds."""
    for special, quoted in (("%", "%25"), ("?", "%3f"), ("#", "%23")):
        database = database.replace(special, quoted)
    return f"file:{database}?mode=ro"
