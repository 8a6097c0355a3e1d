"""Hours on the web: the public books, and a member's own statement."""
