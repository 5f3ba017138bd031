"""Python, as far as its meaning can be told from its text: what a fix must keep, and what it only disguised."""
