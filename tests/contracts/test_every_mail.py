"""Every kind of mail, as the gallery shows it and as it leaves us: the same facts, and no harm."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from dataclasses import replace
from email import message_from_bytes
from email import policy

import pytest

from tests import builders
from tests.browsing import Browser
from tests.conftest import SECRET
from tests.mail_lint import Reader
from timebank.adapters.mail import NotOneRecipient
from timebank.adapters.mail import write_message
from timebank.adapters.mail_headers import add_reply_to
from timebank.adapters.mail_headers import add_way_out
from timebank.app import create_app
from timebank.core import ids
from timebank.domain.messages import by_mail
from timebank.domain.notices import samples
from timebank.domain.notices import wording
from timebank.domain.notices.families import FAMILY_OF
from timebank.domain.notices.families import Family
from timebank.domain.notices.judging import STANDS_THERE_ANYWAY
from timebank.domain.notices.rendering import one_line
from timebank.domain.notices.weekly import Week
from timebank.models import NoticeKind

NOW = dt.datetime(2027, 4, 28, 12, tzinfo=dt.UTC)
MOST_BYTES = 100_000
HOSTILE = "Walk\r\nBcc: chi@example.com\u2028\"<script>alert(1)</script>'&{{ 7*7 }}"
TIME = re.compile(r"\b(?:\d{1,2}(?::\d\d)?(?:am|pm)|noon|midnight)\b")
DAY = re.compile(r"\b\d{1,2} (?:January|February|March|April|May|June|July)\b")
LENGTH = re.compile(r"[\d½¼¾]+ (?:hours?|minutes?)\b")
ADDRESS = re.compile(r"[^\s<>@\"]+@[^\s<>@\"]+")
LINK = re.compile(r"https?://\S+")

every_kind = pytest.mark.parametrize("kind", NoticeKind)


def worded(kind, *, letter=None, **changes):
    made, enclosed = samples.sample(kind, now=NOW)
    made = dataclasses.replace(letter or made, **changes)
    return wording.word(
        made,
        public_url="https://goodturn.example",
        secret_key=SECRET,
        now=NOW,
        enclosed=enclosed,
    )


def written(words, recipient="bela@example.com", sender_name="Bexley Time Bank"):
    message = write_message(
        sender_name=sender_name,
        sender="noreply@goodturn.example",
        recipient=recipient,
        subject=words.subject,
        text=words.text,
        html=words.html,
        message_id="1@goodturn.example",
        date="Wed, 28 Apr 2027 12:00:00 +0000",
    )
    if words.stop:
        add_way_out(message, words.stop)
    return message


def facts(text):
    """The times, days and lengths in a text."""
    return {*TIME.findall(text), *DAY.findall(text), *LENGTH.findall(text)}


@every_kind
def test_text_and_html_say_the_same(kind):
    words = worded(kind)
    seen = Reader(words.html)
    text = " ".join(words.text.split())
    assert facts(seen.line) == facts(text)
    assert {*seen.links} == {*LINK.findall(words.text)}
    for name in ("Bela", "Nadia K", "Marjorie H", "Sam T", samples.VENUE, samples.EVENT):
        assert (name in seen.line) == (name in text), name
    assert "020 8000 0000" in seen.line
    assert "020 8000 0000" in text


@every_kind
def test_it_passes_the_lint_of_mail_programs(kind):
    words = worded(kind)
    assert Reader(words.html).faults == []
    assert words.html.startswith("<!doctype html>")
    assert len(bytes(written(words))) < MOST_BYTES
    assert len(words.subject) <= 150
    for part in (words.subject, words.text, Reader(words.html).line):
        assert "None" not in part
        assert "%(" not in part
        assert "{{" not in part


@every_kind
def test_a_way_out_stands_exactly_where_it_is_due(kind):
    words = worded(kind)
    message = message_from_bytes(bytes(written(words)), policy=policy.default)
    family = FAMILY_OF.get(kind)
    if family is None:
        assert words.stop is None
        assert message["List-Unsubscribe"] is None
        assert "/stop/" not in words.text + words.html
        return
    assert words.stop == way_out(kind, family)
    assert message["List-Unsubscribe"] == f"<{words.stop}>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert words.text.count(words.stop) == 1
    assert words.html.count(words.stop) == 1
    assert words.stop in Reader(words.html).links


def way_out(kind, family):
    """Whoever asked to hear from the organisers of an event ends that, not a whole family."""
    if kind is NoticeKind.ORGANISER_NEWS:
        token = ids.signed_token(SECRET, "hearing-2", samples.MEMBER)
        return f"https://goodturn.example/t/{token}/hear/2"
    token = ids.signed_token(SECRET, f"stop-{family}", samples.MEMBER)
    return f"https://goodturn.example/t/{token}/stop/{family}"


@every_kind
def test_everybody_can_get_to_their_choices(kind):
    words = worded(kind)
    assert "https://goodturn.example/me/mail" in words.text
    assert "https://goodturn.example/me/mail" in Reader(words.html).links


@every_kind
def test_nobody_s_address_stands_in_it_and_no_full_name_but_the_organisers_own(kind):
    words = worded(kind)
    for part in (words.subject, words.text, words.html):
        assert ADDRESS.findall(part.replace("@media", "")) == []
        for full in ("Nadia Khan", "Marjorie Hall", "Sam Tran", "Ivy Bell", "Bela Novak"):
            assert full not in part


@every_kind
def test_what_people_typed_stays_words(kind):
    """Newlines, tags, quotes and template marks, in everything that anybody types."""
    letter, _enclosed = samples.sample(kind, now=NOW)
    about = letter.exchange and dataclasses.replace(
        letter.exchange, what=HOSTILE, words=HOSTILE, helper=HOSTILE, helped=HOSTILE, by=HOSTILE
    )
    post = letter.post and dataclasses.replace(
        letter.post, title=HOSTILE, words=HOSTILE, writer=HOSTILE
    )
    typed = dict.fromkeys(
        (
            "title", "job", "job_about", "bring", "job_bring", "first_timers", "reason", "venue",
            "address", "organiser", "made_by", "about_name", "full_name", "applicant",
            "applied_with", "community_name", "place",
        ),
        HOSTILE,
    )  # fmt: skip
    said = {**letter.facts, **dict.fromkeys(("what", "message", "from", "reason", "pot"), HOSTILE)}
    if kind is NoticeKind.BOOKS_WRONG:
        said = letter.facts  # our own words only
    words = worded(kind, **typed, others=[HOSTILE], exchange=about, post=post, facts=said)
    assert "\n" not in words.subject
    assert "\r" not in words.subject
    assert "<script" not in words.html
    assert "49" not in words.subject
    seen = Reader(words.html)
    assert [fault for fault in seen.faults if "title" not in fault] == []
    message = message_from_bytes(
        bytes(written(words, sender_name=one_line(HOSTILE))), policy=policy.default
    )
    assert message["Bcc"] is None
    assert message.get_all("To") == ["bela@example.com"]
    assert [str(one) for one in message["From"].addresses[0].addr_spec.split()] == [
        "noreply@goodturn.example"
    ]


@pytest.mark.parametrize(
    "kind", sorted(set(FAMILY_OF) - STANDS_THERE_ANYWAY - {NoticeKind.WEEKLY})
)
def test_kept_for_the_weekly_mail_it_leads_where_its_own_mail_does(kind):
    kept, _enclosed = samples.sample(kind, now=NOW)
    letter, enclosed = samples.sample(NoticeKind.WEEKLY, now=NOW)
    words = wording.word(
        letter,
        public_url="https://goodturn.example",
        secret_key=SECRET,
        now=NOW,
        enclosed=dataclasses.replace(enclosed, week=Week(kept=(kept,))),
    )
    own = worded(kind)
    lines = words.text.splitlines()
    at = lines.index(f"- {own.subject}")
    assert lines[at + 1].strip() in LINK.findall(own.text)
    assert lines[at + 1].strip() in Reader(words.html).links
    assert own.subject in Reader(words.html).line


@pytest.mark.parametrize("kind", sorted(by_mail.ANSWERED_BY_MAIL))
@pytest.mark.parametrize("is_read", [True, False])
def test_a_mail_promises_to_be_answered_only_where_somebody_reads_it(kind, is_read):
    letter, enclosed = samples.sample(kind, now=NOW)
    desk = by_mail.Desk(
        secret_key=SECRET, reply_address="rota@goodturn.example" if is_read else ""
    )
    to = desk.answers_to(kind=kind, notice_id=10**18 - 1, address="bela@example.com")
    words = wording.word(
        letter,
        public_url="https://goodturn.example",
        secret_key=SECRET,
        now=NOW,
        enclosed=dataclasses.replace(enclosed, reply_to=to),
    )
    seen = Reader(words.html)
    assert seen.faults == []
    for part in (" ".join(words.text.split()), seen.line):
        assert ("ust answer this e-mail" in part) == is_read
        assert ("Answering this e-mail itself wouldn’t reach them" in part) != is_read
        assert ADDRESS.findall(part) == []
    if is_read:
        message = written(words)
        add_reply_to(message, to)
        assert f"\r\nReply-To: <{to}>\r\n".encode() in bytes(message)
        assert len(to.partition("@")[0]) <= 64


@pytest.mark.parametrize("why", ["long", "many", "files", "empty", "unreadable", "refused"])
def test_an_answer_that_went_nowhere_says_why_in_text_and_html(why):
    words = worded(NoticeKind.ANSWER_RETURNED, facts={"why": why})
    others = worded(NoticeKind.ANSWER_RETURNED, facts={"why": "another"})
    assert (words.text == others.text) == (why == "refused")
    seen = Reader(words.html)
    assert seen.faults == []
    reason = words.text.split("nobody has got it.")[1].strip().splitlines()[0]
    assert reason in seen.line


LONG = f"{'a' * 64}@{'b' * 59}.{'c' * 63}.{'d' * 61}.uk"


@pytest.mark.parametrize(
    ("address", "is_one"),
    [
        ("bela+turns@example.com", True),
        ("o'neill@example.com", True),
        (LONG, True),
        ("bela@xn--bcher-kva.example", True),  # bücher, as mail writes it
        ("bela@bücher.example", False),
        ('"bela novak"@example.com', False),
        ("bela@example.com, chi@example.com", False),
        ("bela@example.com\r\nBcc: chi@example.com", False),
        ("<bela@example.com>", False),
        ("", False),
    ],
)
def test_a_mail_goes_to_exactly_one_plain_address(address, is_one):
    words = worded(NoticeKind.YOU_ARE_IN)
    if not is_one:
        with pytest.raises(NotOneRecipient):
            written(words, recipient=address)
        return
    message = message_from_bytes(bytes(written(words, recipient=address)), policy=policy.default)
    assert [one.addr_spec for one in message["To"].addresses] == [address]


@pytest.mark.parametrize(
    "address", ["https://x.example/ y", "https://x.example/>\r\nBcc: a@b.c", "https://é.example/"]
)
def test_a_way_out_that_could_not_stand_in_a_header_is_refused(address):
    with pytest.raises(ValueError, match="no address for a header"):
        add_way_out(written(worded(NoticeKind.SIGN_IN)), address)


def test_a_long_way_out_is_neither_folded_nor_encoded():
    words = worded(NoticeKind.NEIGHBOUR_WROTE)
    far = f"https://a-rather-long-name-of-a-host.goodturn.example/{words.stop.rpartition('t/')[2]}"
    message = written(worded(NoticeKind.SIGN_IN))
    add_way_out(message, far)
    assert f"\r\nList-Unsubscribe: <{far}>\r\n".encode() in bytes(message)


class TestGallery:
    def test_every_kind_can_be_looked_at(self, session, app):
        builders.a_walk(session)
        dov = Browser(app)
        listed = dov.open("/demo/mail/kinds")
        for kind in NoticeKind:
            assert f"/demo/mail/kinds/{kind}" in listed
            dov.open(f"/demo/mail/kinds/{kind}")
            assert dov.statuses == [200]
            assert ("It has a way out." in dov.words) == (kind in FAMILY_OF)
            dov.open(f"/demo/mail/kinds/{kind}/page")
            assert dov.statuses == [200]
            assert dov.answer.headers["Content-Security-Policy"].startswith("default-src 'none'")

    def test_its_links_open_nothing(self, session, browser):
        """They are made-up, and signed with no key of ours."""
        builders.a_walk(session)
        browser.open(f"/demo/mail/kinds/{NoticeKind.THANKED}")
        tokens = re.findall(r"/t/(\S+)/stop/hours", browser.page)
        assert tokens
        for token in tokens:
            assert ids.read_signed_token(SECRET, f"stop-{Family.HOURS}", token) is None

    def test_outside_the_demo_there_is_none(self, session, settings):
        builders.a_walk(session)
        app = create_app(replace(settings, demo=False))
        dov = Browser(app)
        for page in ("", "/thanked", "/thanked/page"):
            dov.open(f"/demo/mail/kinds{page}")
            assert dov.statuses == [404]
