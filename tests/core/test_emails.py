from __future__ import annotations

import pytest
from email_validator import EmailNotValidError
from email_validator import validate_email
from hypothesis import given
from hypothesis import strategies

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
        (f"{'a' * 64}@{'b' * 63}.{'c' * 63}.{'d' * 57}.example", None),
        (" sam+rota@example.org ", "sam+rota@example.org"),
        ("lee.o'brien@example.org", "lee.o'brien@example.org"),
        ("two..dots@example.org", None),
        ("s\u00e4mmy@example.org", None),
        ('"sam tran"@example.org', None),
        ("sam@localhost", None),
        ("sam@example", None),
        ("sam@example.org.", None),
        ("", None),
    ],
)
def test_exactly_one_address_is_read(typed: str, kept: str | None) -> None:
    assert email_typed(typed) == kept


@given(
    strategies.text("abZ09._+-'é", max_size=70),
    strategies.sampled_from(
        ["example.org", "EXAMPLE.co.uk", "x", "a_b.org", "b\u00fccher.de", ""]
    ),
)
def test_plain_addresses_are_read_as_all_others_are(local: str, domain: str) -> None:
    try:
        found = validate_email(
            f"{local}@{domain}", check_deliverability=False, allow_smtputf8=False
        )
        expected = (found.ascii_email or found.normalized).lower()
    except EmailNotValidError:
        expected = None
    assert email_typed(f"{local}@{domain}") == expected
