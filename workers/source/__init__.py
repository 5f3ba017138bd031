"""Source code as secaid reads it: trees of files, syntax trees, and the spans of formats."""
