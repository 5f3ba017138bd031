"""Where manifests come from, what carries them into a cluster, and what in them belongs together."""
