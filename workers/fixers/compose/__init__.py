"""Fixers of Compose files."""
