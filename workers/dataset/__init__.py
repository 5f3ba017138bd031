"""Training examples from verified fixes, and leak-free splits of them."""
