"""The cases, a file per family; each file's `CASES` is a list."""
