"""Collects readings and packs them for the wire."""
