"""The data plane of secaid: one process per job kind, plain functions from nouns to nouns."""
