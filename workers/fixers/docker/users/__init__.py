"""As whom an image can run: users, and the files that have to be theirs."""
