"""What a helper sees and does for somebody, and what both see of it."""
