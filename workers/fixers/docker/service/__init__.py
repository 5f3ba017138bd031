"""What an image starts: where it listens, what it answers, and who else starts it."""
