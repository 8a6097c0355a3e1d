"""What a coordinator looks at: the jobs of the week, whom to ring, the figures of a month."""
