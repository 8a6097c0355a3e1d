"""Figures: each script prints a ratio against its limit, measured in the same run."""
