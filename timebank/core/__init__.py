"""Minutes, clock, ids, errors, settings and text: what everything else may use."""

from __future__ import annotations
