"""Fixers of Dockerfiles."""
