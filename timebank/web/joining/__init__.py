"""Coming and going on the web: asking to join, inviting, pausing, leaving, being forgotten."""
