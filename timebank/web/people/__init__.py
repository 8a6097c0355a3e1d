"""Pages about people for those who run something: checks, training, and ages."""
