"""Fixers that take credentials out of files."""
