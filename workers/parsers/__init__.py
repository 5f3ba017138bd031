"""bytes of one file of an artifact → a report of normalised findings, by content and never by name."""

from workers.parsers.reading import NotReport, read

__all__ = ["NotReport", "read"]
