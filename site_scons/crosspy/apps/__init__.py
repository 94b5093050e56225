"""Single-file programs: their modules, frozen and linked."""
