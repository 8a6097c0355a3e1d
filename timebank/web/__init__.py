"""The web door: addresses, forms and pages; rules live in timebank.domain."""

from __future__ import annotations
