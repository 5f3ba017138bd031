"""Deterministic fixers: finding + source → candidate fixes. One file per weakness."""
