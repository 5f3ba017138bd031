"""Manifests and lockfiles → where each dependency's version is written, in bytes."""
