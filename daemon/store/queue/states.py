"""The states as literals: SQLite recognises a partial index only by a condition without parameters."""

from __future__ import annotations

from sqlalchemy import Text, literal_column, text

READY = literal_column("'ready'", Text)
CLAIMED = literal_column("'claimed'", Text)
DONE = literal_column("'done'", Text)
DEAD = literal_column("'dead'", Text)
NO_TOKEN = literal_column("NULL", Text)

WHILE_LIVE = text("unique_key IS NOT NULL AND state IN ('blocked', 'ready', 'claimed')")
"""The condition of the unique keys' index."""
