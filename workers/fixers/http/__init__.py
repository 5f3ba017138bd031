"""Fixers of what a server says over HTTP."""
