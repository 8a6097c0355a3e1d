"""Addresses that come from outside: where to go after signing in."""

from __future__ import annotations

LONGEST_PATH = 300


def safe_path(typed: str | None, *, otherwise: str) -> str:
    r"""Accept a path of this site, and nothing that a browser might read as another.

    urlsplit sees no host in `/\evil.example`, `///evil.example` or `https:evil.example`, so the
    first two characters decide, and control characters (which browsers drop) are refused.
    """
    path = typed or ""
    is_ours = (
        path.startswith("/")
        and path[1:2] not in {"/", "\\"}
        and len(path) <= LONGEST_PATH
        and path.isprintable()
        and "\\" not in path
    )
    return path if is_ours else otherwise
