"""Literals that are credentials, or only look like them."""
