"""One run before the graph: checked, locked, planned."""
