"""Which modules an application carries, and why."""
