"""Daily figures about orders."""
