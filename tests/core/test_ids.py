"""Secrets that are derived: they stay the same from version to version, for they are in mails.

The proofs were worked out with OpenSSL and base32, not with our own code.
"""

from __future__ import annotations

import pytest

from timebank.core import ids
from timebank.domain import identity
from timebank.domain.texts import numbers
from timebank.models import SignInRequest
from timebank.models import TextCode

KEY = "a key"
TOKEN = "7-4vxxlzrvn334vznqflv6vaokpaaxcnbx"
TOKEN_TO_BELA = "7-ftytz66i3xo3csj2u34rpqdyk7hywhmp"


@pytest.mark.parametrize(
    ("purpose", "digits"), [("sign-in-code", "903522"), ("text-code", "796396")]
)
def test_six_digits_stay_what_they_were(purpose: str, digits: str):
    assert ids.signed_digits(KEY, purpose, "7:a nonce") == digits


def test_the_codes_that_are_mailed_and_texted_are_these_digits():
    request, code = SignInRequest(id=7, nonce="a nonce"), TextCode(id=7, nonce="a nonce")
    assert identity.sign_in_code(request, secret_key=KEY) == "903522"
    assert numbers.digits_of(code, secret_key=KEY) == "796396"


def test_tokens_stay_what_they_were():
    assert ids.signed_token(KEY, "mail-link", 7) == TOKEN
    assert ids.signed_token(KEY, "bounce", 7, to="Bela@Example.com") == TOKEN_TO_BELA


def test_a_token_is_read_for_its_purpose_its_number_and_its_address_only():
    assert ids.read_signed_token(KEY, "mail-link", TOKEN) == 7
    assert ids.read_signed_token(KEY, "bounce", TOKEN_TO_BELA, to="BELA@example.com") == 7
    assert ids.read_signed_token(KEY, "bounce", TOKEN_TO_BELA, to="sam@example.com") is None
    assert ids.read_signed_token(KEY, "bounce", TOKEN_TO_BELA) is None
    assert ids.read_signed_token(KEY, "other", TOKEN) is None
    assert ids.read_signed_token("another key", "mail-link", TOKEN) is None
    assert ids.read_signed_token(KEY, "mail-link", TOKEN.replace("7-", "8-", 1)) is None


@pytest.mark.parametrize(
    "token", ["", "-", "7", "7-", "x-y", "7-ß", "\u0667-abc", f"{'9' * 19}-abc"]
)
def test_what_is_no_token_is_no_number(token: str):
    assert ids.read_signed_token(KEY, "mail-link", token) is None
