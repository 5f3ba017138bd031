"""What runs in a container: its image, whose it is, as whom it starts, what it needs."""
