"""Pages that are only words: help, accessibility, privacy; and the style guide of the demo."""

from __future__ import annotations
