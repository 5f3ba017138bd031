"""Kubernetes manifests: workloads that run with less, by minimal edits of their YAML."""
