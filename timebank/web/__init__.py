"""Pages: a view builds the form, calls one rule, commits, and redirects."""
