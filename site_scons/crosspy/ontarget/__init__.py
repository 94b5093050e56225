"""CPython's own tests, on what was built."""
