"""What stands on the command line: arguments, aliases, and those commands that need no graph."""
