"""What a coordinator looks at: the week, whom to ring, the figures."""
