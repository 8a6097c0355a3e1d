"""Addresses of ours that hold a token, `name+token@host`: where a mail is answered or returned to.

Source: RFC 5233 (subaddresses).
"""

from __future__ import annotations

import re

MOST_TAGS = 10  # that are looked at in one mail
SHAPE = r"[0-9]{1,18}-[a-z2-7]{32}"  # as `ids.signed_token` writes it


def tagged(address: str, tag: str) -> str:
    """Put a tag into an address; empty where there is no address."""
    name, _, host = address.partition("@")
    return f"{name}+{tag}@{host}" if address else ""


def tokens_in(addresses: str, *, of: str, mark: str = "") -> list[str]:
    """Find what looks like tokens of ours where a mail was sent to.

    Args:
        addresses: All of them in one string, in lower case.
        of: The address without its tag; empty where nobody reads it.
        mark: What stands before the token, where several kinds arrive at one address.
    """
    if not of:
        return []
    name, _, host = map(re.escape, of.lower().partition("@"))
    return re.findall(rf"\b{name}\+{mark}({SHAPE})@{host}\b", addresses)[:MOST_TAGS]
