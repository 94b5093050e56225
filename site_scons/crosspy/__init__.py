"""What cpython-scons knows and decides: plain Python, no SCons, each module testable alone."""
