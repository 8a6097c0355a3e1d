from __future__ import annotations

import pytest

from timebank.core.emails import email_typed


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Tom.Baker@EXAMPLE.org", "tom.baker@example.org"),
        ("sam@b\u00fccher.example", "sam@xn--bcher-kva.example"),
        ("not-an-address", None),
        ("a@example.org, b@example.org", None),
        ("a@example.org\r\nBcc: b@example.org", None),
        (f"{'a' * 60}@{'b' * 63}.{'c' * 63}.{'d' * 63}.example", None),
        ("", None),
    ],
)
def test_exactly_one_address_is_read(typed: str, kept: str | None) -> None:
    assert email_typed(typed) == kept
