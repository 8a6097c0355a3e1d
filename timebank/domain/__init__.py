"""Rules: plain functions that take the session first and `now` last, and never commit."""
