"""The control plane of secaid: it owns the database and decides what work exists."""
