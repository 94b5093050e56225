"""Which bytes come from where, and what leaving something out would save."""
