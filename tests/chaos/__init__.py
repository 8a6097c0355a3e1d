"""Everything that mail depends on is killed, stopped, filled and set wrong, and none is lost."""
