"""From GitHub and the watched folder to artifacts in the store."""
