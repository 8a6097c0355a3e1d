"""Ways to people besides mail: a phone is one member's, and what is kept of it can be used."""

from __future__ import annotations

import pytest

from tests.attacks import ALLOWED
from tests.attacks import Attack
from tests.attacks import insert
from tests.attacks import legal
from tests.attacks import update
from timebank.models import How
from timebank.models import Way

PHONE = {
    "membership_id": ":bela",
    "community_id": ":bexley",
    "place": "1",
    "endpoint": "'https://push.example.org/send/abc'",
    "p256dh": r"'\x04'::bytea || sha256('x') || sha256('y')",
    "auth": "substr(sha256('z'), 1, 16)",
    "label": "'Chrome on Android'",
}
ANOTHER = {**PHONE, "place": "2", "endpoint": "'https://push.example.org/send/def'"}
SET_UP = insert("push_subscription", PHONE)
CHOICE = {"membership_id": ":bela", "community_id": ":bexley"}
FAMILIES = ("turns", "asking", "neighbours", "hours")


def _phone(rule, what, *, first="SELECT 1", **changes):
    return Attack(rule, what, insert("push_subscription", PHONE, **changes), first=first)


ATTACKS = [
    Attack("notice_way", "by pigeon", update("notice", "way = 'pigeon'", "notice")),
    _phone("one_phone_per_endpoint", "Sam's, too", membership_id=":sam", first=SET_UP),
    _phone(
        "one_phone_per_place",
        "another in its place",
        endpoint="'https://push.example.org/send/def'",
        first=SET_UP,
    ),
    _phone("phone_place", "an eleventh", place="11"),
    _phone("phone_place", "none", place="0"),
    _phone("phone_endpoint", "without TLS", endpoint="'http://push.example.org/send/abc'"),
    _phone("phone_endpoint", "with a space", endpoint="'https://push.example.org/a b'"),
    _phone(
        "phone_endpoint",
        "10 KB",
        endpoint="'https://push.example.org/' || repeat('x', 10240)",
    ),
    _phone("phone_public_key", "of 64 bytes", p256dh=r"'\x04'::bytea || substr(sha256('x'), 1, 31)"
           " || sha256('y')"),
    _phone("phone_public_key", "compressed", p256dh=r"'\x02'::bytea || sha256('x')"),
    _phone(
        "phone_public_key",
        "of another shape",
        p256dh=r"'\x05'::bytea || sha256('x') || sha256('y')",
    ),
    _phone("phone_secret", "of 32 bytes", auth="sha256('z')"),
    _phone("phone_label", "nameless", label="''"),
    _phone("phone_label", "a story", label="repeat('x', 61)"),
    _phone("phone_failures", "fewer than none", failures="-1"),
    _phone(
        "phone_failed_as",
        "what the service said",
        failed_as="'410 https://push.example.org/send/abc'",
    ),
    _phone("phone_of_a_member", "of a member elsewhere", community_id=":ashford"),
]  # fmt: skip

BY_WIRE = (Way.MAIL, Way.PHONE, Way.TEXT)  # of letters and calls: test_guarantees_letters.py
LEGAL = [
    *[legal(way, update("notice", f"way = '{way}'", "notice")) for way in BY_WIRE],
    *[
        legal(f"{family}: {how}", insert("mail_choice", CHOICE, **{family: f"'{how}'"}))
        for family in FAMILIES
        for how in How
    ],
    legal("a phone", SET_UP),
    legal("a second phone", insert("push_subscription", ANOTHER), first=SET_UP),
    legal("refused", insert("push_subscription", PHONE, failures="2", failed_as="'413'")),
]


@pytest.mark.parametrize("attack", ATTACKS, ids=str)
def test_the_database_refuses(town, attack):
    assert town.answer(attack) == attack.rule


@pytest.mark.parametrize("attack", LEGAL, ids=str)
def test_the_database_allows(town, attack):
    assert town.answer(attack) == ALLOWED
