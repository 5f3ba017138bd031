"""Commands of the data plane, found by entry point."""
