"""Queries in Python code: where they are built and run, and what is pasted into them."""
