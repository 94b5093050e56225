"""Scripts that the bootstrap runs. They import each other by their bare names, and of the library only what the bootstrap has."""
