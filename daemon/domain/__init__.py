"""The nouns of secaid: frozen, typed, and dependent on nothing else in the project."""
