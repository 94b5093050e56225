"""ELF files and archives, read."""
