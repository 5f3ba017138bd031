"""A Python file and its project as fixers see them: names, values, imports, edits."""
