"""Findings of a tree → candidates from every source → verified fixes, and a consistent set of them."""
