"""The gate: what a finished root/ must be, the rules that hold it to that, and what they find."""
