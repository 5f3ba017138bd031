"""What a job's token is needed for: by actions, by scripts, by whom it is handed to."""
