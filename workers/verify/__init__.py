"""Verification: candidate + source → verdict, by re-running the scanner that found the weakness."""
