"""What people wrote, found in mails as their programs write them; and mails that mean no good."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

import pytest

from timebank.core import answers
from timebank.core import mime
from timebank.core.answers import Answer
from timebank.core.answers import own_words
from timebank.core.html_words import words_of_html

SAMPLES = Path(__file__).parents[1] / "samples" / "answers"
READ = {
    "gmail": Answer("Yes, I’ll bring the café’s key.\n\nMay I bring my dog?", had_files=False),
    "apple-with-a-picture": Answer(
        "This is where we stood last time:\n\nBy the bins. Is it there again?", had_files=True
    ),
    "outlook-html-only": Answer(
        "I can’t find the café & the map link is broken.\n\nIs it the one by the lake?",
        had_files=False,
    ),
    "thunderbird-in-between": Answer(
        "Please do, and a lead: there are ducks.\n\nNo, the other one.", had_files=False
    ),
    "german-webmail": Answer("Ich komme gerne, für 3 €.", had_files=False),
    "nested-with-a-signed-part": Answer("See you there!", had_files=False),
    "only-quoted": Answer("", had_files=False),
    "only-a-file": Answer("", had_files=True),
}
AUTOMATIC = {"away-from-my-desk", "away-in-the-old-way"}


def raw(name):
    return (SAMPLES / f"{name}.eml").read_bytes()


def test_every_sample_is_looked_at():
    assert {path.stem for path in SAMPLES.iterdir()} == {*READ, *AUTOMATIC}


@pytest.mark.parametrize("ends", [b"\n", b"\r\n"])
@pytest.mark.parametrize("name", READ)
def test_only_their_own_words_are_read(name, ends):
    message = answers.opened(raw(name).replace(b"\n", ends))
    assert not answers.is_automatic(message)
    assert answers.read(message) == READ[name]


@pytest.mark.parametrize("name", sorted(AUTOMATIC))
def test_what_programs_answer_is_no_answer(name):
    assert answers.is_automatic(answers.opened(raw(name)))


@pytest.mark.parametrize(
    "header",
    [
        "Auto-Submitted: auto-generated",  # a mail of our own, come round
        "Auto-Submitted: auto-replied (vacation)",
        "Precedence: list",
        "Precedence: junk",
        "List-Id: <walks.example.org>",
        "X-Autoreply: yes",
        "Return-Path: <>",
        "From: MAILER-DAEMON@mx.example.org",
        "From: Bexley Time Bank <noreply@goodturn.example>",
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b",
    ],
)
def test_nor_are_lists_bounces_and_loops(header):
    assert answers.is_automatic(mime.headers_of(f"{header}\n\nYes.\n".encode()))
    assert answers.is_automatic(answers.opened(f"{header}\n\nYes.\n".encode()))


@pytest.mark.parametrize(
    "header", ["Auto-Submitted: no", "Precedence: normal", "Return-Path: <a@b.example>", "X: y"]
)
def test_what_somebody_wrote_is_an_answer(header):
    assert not answers.is_automatic(mime.headers_of(f"{header}\n\nYes.\n".encode()))


@pytest.mark.parametrize(
    ("text", "own"),
    [
        ("Yes.", "Yes."),
        ("Yes.\n\n> quoted", "Yes."),
        ("> quoted\n\nYes.", "Yes."),
        ("Yes.\n-- \nBela\nAnd more", "Yes."),
        ("Yes.\n--\nBela", "Yes."),
        ("Yes -- or no.\n-- not a signature", "Yes -- or no.\n-- not a signature"),
        ("Yes.\n\nSent from my Galaxy\n", "Yes."),
        ("I sent from my garden a basket.", "I sent from my garden a basket."),
        ("Yes.\nOn Wed, 28 Apr 2027 Nadia wrote:\n\nno marks here", "Yes."),
        (
            "Yes.\nOn Wednesday, 28 April 2027,\nBexley\n<a@b.example> wrote:\n> x",
            "Yes.",
        ),
        ("On the day I wrote:\nhello\nis fine?", "On the day I wrote:\nhello\nis fine?"),
        ("To your question:\n> may I?\nYes.", "To your question:\nYes."),
        ("2027-04-28 13:00 Bexley <a@b.example>:\n> may I?\nYes.", "Yes."),
        ("Am 28.04.27 um 13:00 schrieb Bexley Time Bank:\n> may I?\nJa.", "Ja."),
        ("Oui.\nLe 28 avr. 2027 à 13:00, Bexley a écrit :\n> x", "Oui."),
        ("Yes.\n-----Original Message-----\nFrom: a\nall of it", "Yes."),
        ("Yes.\n________________________________\nFrom: a\nSent: b\nTo: c\n\nall", "Yes."),
        ("Yes.\n*From:* a\n*Sent:* b\n", "Yes."),
        ("From: the lake on, we walk", "From: the lake on, we walk"),
        ("Begin forwarded message:\n\nall", ""),
        ("", ""),
        ("> only\n> this", ""),
        ("a\x00b\u202ec\ue000", "abc"),
        ("One\n\n\n\nTwo", "One\n\nTwo"),
    ],
)
def test_quotes_and_signatures_are_cut_by_plain_rules(text, own):
    assert own_words(text) == own


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ("<p>One</p><p>Two</p>", "One\n\nTwo"),
        ("One<br>Two", "One\nTwo"),
        ("<div>a &lt;b&gt; &amp; c &#8364;</div>", "a <b> & c €"),
        ("<script>alert(1)</script><style>p {}</style>Hello", "Hello"),
        ("<title>x</title><p>Hello <b>you</b>\n there</p>", "Hello you there"),
        ("Hello<!-- <p>not said</p> --> you", "Hello you"),
        ("Hello<!-- never closed", "Hello"),
        ("Yes<blockquote type='cite'>old<br>words</blockquote>", "Yes"),
        ('Yes<div class="gmail_quote">old <div>words</div></div>And no', "Yes\nAnd no"),
        ("Yes<div id='appendonsend'></div><p>old words</p>", "Yes"),
        ("</p></div>Yes</blockquote>", "Yes"),
        ("a < b and b > a", "a < b and b > a"),
    ],
)
def test_pages_become_words(page, words):
    assert own_words(words_of_html(page)) == words


@pytest.mark.parametrize(
    ("charset", "content", "words"),
    [
        ("utf-8", "é€".encode(), "é€"),
        ("iso-8859-1", b"caf\xe9", "café"),
        ("windows-1252", b"it\x92s", "it’s"),
        ("koi8-r", "да".encode("koi8-r"), "да"),
        ("shift_jis", "はい".encode("shift_jis"), "はい"),
        ("iso-2022-jp", "はい".encode("iso-2022-jp"), "はい"),
        ("utf-16", "yes".encode("utf-16"), "yes"),
        ("utf-7", b"caf+AOk-", "café"),
        ("x-made-up", "é".encode(), "é"),
        ("unicode_escape", rb"\x41", rb"\x41".decode()),
        ("punycode", b"abc-", "abc-"),
        ("../../etc/passwd", b"yes", "yes"),
        ("utf-8", b"hal\xc3", "hal\ufffd"),
        ("utf-7", b"+2D3-x", "x"),
    ],
)
def test_other_charsets_are_read_and_odd_ones_are_not_trusted(charset, content, words):
    head = f'Content-Type: text/plain; charset="{charset}"\n\n'.encode()
    got = answers.read(answers.opened(head + content)).words
    assert got.replace("\ufffd", "") == words.replace("\ufffd", "")


def test_of_ten_megabytes_the_beginning_is_read():
    head = (
        b"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nYes.\n"
        b"--b\nContent-Type: image/jpeg\nContent-Disposition: attachment\n"
        b"Content-Transfer-Encoding: base64\n\n"
    )
    picture = (b"A" * 76 + b"\n") * 140_000
    message = answers.opened(head + picture + b"\n--b--\n")
    assert answers.read(message) == Answer("Yes.", had_files=True)


@pytest.mark.parametrize(
    "raw",
    [
        b"Content-Type: multipart/mixed; boundary=b\n\n"
        + b"--b\nContent-Type: multipart/x\n" * 30,
        b"Content-Type: text/plain; x=" + b"y" * 5000 + b"\n\nhello",
    ],
)
def test_what_is_nested_too_deep_or_too_long_is_not_read(raw):
    with pytest.raises(answers.Unreadable):
        answers.read(answers.opened(raw))


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xff\x00" * 999,
        b"\n\n\n",
        b"Content-Type: multipart/alternative; boundary=b\n\n--b--\n",
        b"Content-Type: multipart/mixed\n\nno boundary",
        b"Content-Type: text/html; charset=\xff\n\n<p",
        b"Content-Type: message/rfc822\n\nSubject: x\n\nforwarded",
        b"Content-Transfer-Encoding: base64\n\n!!!!",
        b"Content-Type: =?utf-8?q?text/html?=;;;=\n\nx",
        b"From: \xc3\x28\nAuto-Submitted: \xff\nPrecedence:\n\nx",
    ],
)
def test_broken_mails_break_nothing(raw):
    answers.is_automatic(mime.headers_of(raw))
    with suppress(answers.Unreadable):
        answers.read(answers.opened(raw))


MANY = 40_000


@pytest.mark.parametrize(
    "hostile",
    ["<" * MANY, "<!--" * MANY, "<a " * MANY, "<div>" * MANY, "</" * MANY, "<a b='" * MANY,
     "&#" * MANY, "<p class='" * MANY, "x:\n" * MANY, "On 2027\n" * MANY, "from: a\n" * MANY,
     "On wrote " * MANY, "_" * MANY, "> " * MANY, "a@:" * MANY],
    ids=lambda text: text[:8],
)  # fmt: skip
def test_reading_takes_no_longer_than_there_are_letters(hostile):
    begun = time.process_time()
    own_words(words_of_html(hostile))
    own_words(hostile)
    assert time.process_time() - begun < 5  # quadratic reading took minutes
