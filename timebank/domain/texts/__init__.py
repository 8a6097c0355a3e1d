"""Text messages: the numbers they go to, and the guard over what they cost."""
