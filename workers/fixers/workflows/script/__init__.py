"""Scripts of steps: how a shell reads them, and expressions that become variables."""
