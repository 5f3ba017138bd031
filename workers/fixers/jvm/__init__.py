"""Fixers for Java and Kotlin code."""
