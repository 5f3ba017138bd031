"""Text that goes into pages: what may be escaped, and what is escaped already."""
