"""A gateway for text messages: what each of its answers, and its silence, means."""

from __future__ import annotations

import socket

import pytest

from tests import gateway
from tests.gateway import Gateway
from timebank.adapters.channels import Fate
from timebank.adapters.texts import TextGateway
from timebank.adapters.texts import TextParcel

PARCEL = TextParcel("+447700900123", 'Moved: "Bela\'s" walk & tea\n{to}')


@pytest.fixture
def ours():
    with gateway.listening() as ours:
        yield ours


def deliver(ours: Gateway, *, fence=True, timeout_seconds=2.0, **changes):
    texts = ours.texts(**changes)
    return TextGateway(texts, timeout_seconds=timeout_seconds).deliver(
        PARCEL, hand_over=lambda: fence
    )


def test_json_arrives_as_it_was_written(ours):
    assert deliver(ours).fate is Fate.SENT
    assert ours.came == [{"to": PARCEL.number, "from": "Good Turn", "text": PARCEL.words}]
    assert ours.logins == ["Bearer gateway-token"]


def test_a_form_arrives_as_it_was_written(ours):
    body = "To={to}&From={sender}&Body={words}&Key={token}&Type=plain"
    outcome = deliver(ours, body=body, login="basic", token="name:password")
    assert outcome.fate is Fate.SENT
    assert ours.came == [
        {
            "To": PARCEL.number,
            "From": "Good Turn",
            "Body": PARCEL.words,
            "Key": "name:password",
            "Type": "plain",
        }
    ]
    assert ours.logins == ["Basic bmFtZTpwYXNzd29yZA=="]


@pytest.mark.parametrize(
    ("status", "fate"),
    [
        (200, Fate.SENT), (202, Fate.SENT), (301, Fate.NEVER), (400, Fate.NEVER),
        (401, Fate.AWAY), (402, Fate.AWAY), (404, Fate.AWAY), (422, Fate.NEVER),
        (429, Fate.LATER), (500, Fate.UNKNOWN), (502, Fate.UNKNOWN), (503, Fate.LATER),
    ],
)  # fmt: skip
def test_each_answer_means_something(ours, status, fate):
    ours.answers = status
    outcome = deliver(ours)
    assert outcome.fate is fate
    assert len(ours.came) == 1
    assert "+44" not in outcome.why


@pytest.mark.parametrize("silence", ["hang", "cut"])
def test_silence_after_the_body_means_that_nobody_knows(ours, silence):
    ours.answers = silence
    outcome = deliver(ours, timeout_seconds=0.5)
    assert (outcome.fate, len(ours.came)) == (Fate.UNKNOWN, 1)


def test_nothing_leaves_where_the_fence_is_closed(ours):
    assert deliver(ours, fence=False).fate is Fate.STOPPED
    assert ours.came == []


def test_nobody_listens(ours):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/"
        assert deliver(ours, url=url).fate is Fate.AWAY


def test_a_black_hole_is_away_and_nothing_was_handed_over(ours):
    asked = []
    with gateway.black_hole() as url:
        texts = ours.texts(url=url)
        outcome = TextGateway(texts, timeout_seconds=0.5).deliver(
            PARCEL, hand_over=lambda: not asked.append(1)
        )
    assert (outcome.fate, asked) == (Fate.AWAY, [])


def test_neither_number_nor_token_shows_in_what_is_logged(ours):
    said = f"{PARCEL!r} {ours.texts()!r}"
    for secret in (PARCEL.number, "Bela", "gateway-token", ours.url):
        assert secret not in said
