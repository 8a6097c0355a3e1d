"""Pages of the slice messages."""
