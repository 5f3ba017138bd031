"""Scanner adapters, one file each."""
