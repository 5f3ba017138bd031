"""Command lines in Python code: who starts a shell, and what it is given."""
