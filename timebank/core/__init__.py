"""What every layer may use: the clock, minutes, refusals, settings and text."""
