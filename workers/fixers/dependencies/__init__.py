"""Vulnerable dependencies → version bumps, constraints and overrides at the place that decides."""
