"""Triage: reports and source → distinct findings with an identity, their duplicates and groups."""
