"""The folders of variants: what is known about each target."""
