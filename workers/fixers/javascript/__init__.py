"""Fixers for JavaScript and TypeScript code."""
