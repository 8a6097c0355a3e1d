"""Pages about events: what's on, one date, and the organiser's editor."""
