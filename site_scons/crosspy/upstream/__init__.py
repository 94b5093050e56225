"""What CPython's own build description states, and the plan that follows from it."""
