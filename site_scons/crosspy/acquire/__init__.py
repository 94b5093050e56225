"""Releases and libraries' archives: pinned, fetched, verified, unpacked."""
