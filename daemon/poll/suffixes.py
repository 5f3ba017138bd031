"""What files that secaid takes in are called. The porter imports this module, so it imports nothing."""

REPORTS = frozenset({".json", ".jsonl", ".sarif", ".xml", ".csv", ".txt"})
"""Suffixes of reports."""
TAKEN = REPORTS | {".zip"}
"""What is looked at in a watched folder."""
