"""Fixers for Python code."""
