"""What a role of IAM says so that a service of AWS may take it."""

from __future__ import annotations


def trust(service: str) -> str:
    """The `assume_role_policy` for a service: `monitoring.rds.amazonaws.com`."""
    return f"""jsonencode({{
    Version = "2012-10-17"
    Statement = [{{
      Effect    = "Allow"
      Principal = {{ Service = "{service}" }}
      Action    = "sts:AssumeRole"
    }}]
  }})"""
