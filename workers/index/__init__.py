"""The vector index of proven cases: verified fixes → similar cases."""
