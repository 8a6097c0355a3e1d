"""What somebody wrote in a mail that answers one of ours, without all that mail programs add.

Quoted lines, signatures and whoever-wrote lines are cut by plain rules; where they are in doubt,
words are kept rather than lost. Pure: bytes in, words out, within narrow limits.

Source: RFC 3676 (flowed text, quote marks, signatures), RFC 3834 (mail that programs answer).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message

from timebank.core import mime
from timebank.core.html_words import words_of_html
from timebank.core.text import tidy_text

LARGEST_TEXT = 100_000  # letters of one part; what was written by hand is far shorter
LONGEST_INTRODUCTION = 4  # lines of "On … Nadia wrote:", wrapped

# Charsets that people's mail programs write. Python knows more, not all of them harmless.
_CHARSET = re.compile(
    r"(?:us-ascii|ascii|utf-?8|utf-?16(?:le|be)?|utf-?7|latin-?1|iso-?8859-?\d{1,2}|cp125\d"
    r"|windows-125\d|koi8-[ru]|mac-?roman|gb2312|gbk|gb18030|big5(?:-hkscs)?|euc-(?:jp|kr)"
    r"|shift[_-]jis|iso-2022-(?:jp|kr)|ks_c_5601-1987|tis-620)"
)
_SURROGATE = re.compile("[\ud800-\udfff]")
_QUOTED = re.compile(r"\s*>")
_SIGNATURE = re.compile(r"-- ?|—|_{2,9}")
_SENT_FROM = re.compile(
    r"(?:sent|sent securely) (?:from|via|with) .{1,60}|get outlook for .{1,20}"
    r"|von meinem .{1,40} gesendet|envoyé de(?:puis)? mon .{1,40}|enviado desde mi .{1,40}",
    re.IGNORECASE,
)
_RULE = re.compile(r"_{10,}|-{10,}|\*{10,}")
_ORIGINAL = re.compile(
    r"-{2,} ?(?:original message|original-nachricht|ursprüngliche nachricht|forwarded message"
    r"|message d'origine|mensaje original) ?-{2,}|begin forwarded message:",
    re.IGNORECASE,
)
_FROM = re.compile(r"\*?(?:from|von|de|da|van)\*?\s?:\*? .+", re.IGNORECASE)
_HEADER = re.compile(
    r"\*?(?:sent|date|to|cc|subject|gesendet|datum|an|betreff|envoyé|à|objet|enviado|para|asunto)"
    r"\*?\s?:\*? .*",
    re.IGNORECASE,
)
_WROTE = re.compile(
    r"(?:on|am|le|el|il|op)\b.{4,400}"
    r"\b(?:wrote|writes|schrieb.{0,100}|a écrit|escribió|ha scritto|schreef.{0,100})\s?:",
    re.IGNORECASE | re.DOTALL,
)
_LIKE_A_HEADING = re.compile(r".*(?:[0-9]{4}|[0-9]\.[0-9]{2}|@).*:", re.DOTALL)

_BULK = frozenset({"bulk", "junk", "list", "auto_reply"})
_LISTS = ("List-Id", "List-Unsubscribe", "X-Autoreply", "X-Autorespond", "X-Auto-Reply")
_ROBOTS = re.compile(r"(?i)<?(?:mailer-daemon|postmaster|no-?reply|do-?not-?reply)@")


class Unreadable(ValueError):
    """A message that nobody could read."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What somebody wrote.

    Attributes:
        words: Tidied; empty where nothing of it was their own.
        had_files: Whether files or pictures came along.
    """

    words: str
    had_files: bool


def opened(raw: bytes) -> Message:
    """Take a mail to pieces; of one that is too large only the beginning, where the words are.

    Raises:
        Unreadable: It is too deep, or its headers are too long.
    """
    try:
        return mime.opened(raw[: mime.LARGEST_MAIL])
    except Exception as error:  # the library raises whatever it likes at what strangers send
        raise Unreadable from error


def is_automatic(message: Message) -> bool:
    """Tell whether a program wrote it: an absence, a bounce, a list, a mail of our own.

    Source: RFC 3834 2; what Exchange, Gmail and older programs write instead.
    """
    submitted = _first_word(message, "Auto-Submitted")
    returns_to = _header(message, "Return-Path")
    return (
        submitted not in {"", "no"}
        or _first_word(message, "Precedence") in _BULK
        or any(name in message for name in _LISTS)
        or returns_to == "<>"
        or bool(_ROBOTS.search(_header(message, "From")))
        or message.get_content_type() in {"multipart/report", "message/delivery-status"}
    )


def read(message: Message) -> Answer:
    """Read what somebody wrote, and whether files came along.

    Raises:
        Unreadable: It is too broken to look into.
    """
    try:
        files: list[Message] = []
        text = "\n\n".join(_texts(message, files))
        return Answer(own_words(text), bool(files))
    except Exception as error:  # as above
        raise Unreadable from error


def own_words(text: str) -> str:
    """Leave out what was quoted, and the signature.

    Quoted lines go wherever they stand, so that answers between them stay. What mail programs put
    above a whole message, without quote marks, ends it.
    """
    kept: list[str] = []
    lines = tidy_text(text[:LARGEST_TEXT]).split("\n")
    at = 0
    while at < len(lines):
        line = lines[at]
        length = _introduction(lines, at)
        if length:
            at += length
            if not _is_quoted_next(lines, at):
                break  # quoted without marks: all of the rest
            continue
        if _ends_here(lines, at):
            break
        if not _QUOTED.match(line):
            kept.append(line)
        at += 1
    return tidy_text("\n".join(kept))


def _introduction(lines: list[str], at: int) -> int:
    """Tell of how many lines "On … Nadia wrote:" is, if it begins here; 0 if it doesn't."""
    if not lines[at] or _QUOTED.match(lines[at]):
        return 0
    for length in range(1, LONGEST_INTRODUCTION + 1):
        part = lines[at : at + length]
        if len(part) < length or not part[-1] or _QUOTED.match(part[-1]):
            return 0
        if not part[-1].endswith(":"):
            continue
        whole = " ".join(part)
        is_above = _is_quoted_next(lines, at + length)
        names_it = _LIKE_A_HEADING.fullmatch(whole) is not None
        if _WROTE.fullmatch(whole) and (is_above or names_it):
            return length
        return length if length == 1 and is_above and names_it else 0
    return 0


def _is_quoted_next(lines: list[str], at: int) -> bool:
    """Tell whether the next line that says something is quoted."""
    following = next((line for line in lines[at : at + 2] if line), "")  # one blank at most
    return bool(_QUOTED.match(following))


def _ends_here(lines: list[str], at: int) -> bool:
    """Tell whether a signature begins, or a whole message that was put below."""
    line = lines[at]
    if _SIGNATURE.fullmatch(line) or _ORIGINAL.fullmatch(line) or _SENT_FROM.fullmatch(line):
        return True
    below = at + 1 if _RULE.fullmatch(line) else at
    return _begins_headers(lines, below)


def _begins_headers(lines: list[str], at: int) -> bool:
    """Tell whether From: stands here, with Sent: or To: right above or below, as in Outlook."""
    if at >= len(lines):
        return False
    below = lines[at + 1 : at + 3]
    if _FROM.fullmatch(lines[at]):
        return any(_HEADER.fullmatch(line) for line in below)
    return bool(_HEADER.fullmatch(lines[at]) and below and _FROM.fullmatch(below[0]))


def _texts(part: Message, files: list[Message]) -> Iterator[str]:
    """Read the texts of a part in their order, and note what is no text."""
    kind = part.get_content_type()
    if kind == "message/rfc822":
        files.append(part)
    elif part.is_multipart():
        inner = [one for one in _parts(part) if isinstance(one, Message)]
        chosen = _one_of(inner, files) if kind == "multipart/alternative" else inner
        for one in chosen:
            yield from _texts(one, files)
    elif _is_file(part):
        files.append(part)
    elif kind == "text/html":
        yield words_of_html(_decoded(part))
    elif kind == "text/plain":
        yield _unflowed(part, _decoded(part))


def _parts(part: Message) -> list[object]:
    inner = part.get_payload()
    return list(inner)[: mime.MOST_PARTS] if isinstance(inner, list) else []


def _one_of(parts: list[Message], files: list[Message]) -> list[Message]:
    """Choose among ways to say the same: the first that says anything, plain text first."""
    for one in sorted(parts, key=lambda part: part.get_content_type() != "text/plain"):
        unseen: list[Message] = []
        if any(text.strip() for text in _texts(one, unseen)):
            return [one]
        files.extend(unseen)
    return []


def _is_file(part: Message) -> bool:
    """Tell files from text, and from the little pictures of signatures."""
    disposition = (part.get_content_disposition() or "").lower()
    is_text = part.get_content_type() in {"text/plain", "text/html"}
    if is_text:
        return disposition == "attachment"
    belongs_to_page = "Content-ID" in part and disposition != "attachment"
    is_proof = part.get_content_subtype().endswith("-signature")
    return not (belongs_to_page or is_proof)


def _decoded(part: Message) -> str:
    """Decode a text by its charset, if it is one that people use; what can't be read is marked."""
    content = part.get_payload(decode=True)
    if not isinstance(content, bytes):
        return ""
    named = (part.get_content_charset() or "utf-8").lower()
    charset = named if _CHARSET.fullmatch(named) else "utf-8"
    try:
        text = content.decode(charset, "replace")
    except LookupError:
        text = content.decode("utf-8", "replace")
    return _SURROGATE.sub("\ufffd", text)[:LARGEST_TEXT]


def _unflowed(part: Message, text: str) -> str:
    """Put lines together that were broken for the way only. Source: RFC 3676 4.1, 4.2."""
    if str(part.get_param("format", "")).lower() != "flowed":
        return text
    is_space_dropped = str(part.get_param("delsp", "")).lower() == "yes"
    whole: list[str] = []
    goes_on = False
    for line in text.replace("\r\n", "\n").split("\n"):
        said = line.removeprefix(" ")
        is_quoted = said.startswith(">")
        if goes_on and not is_quoted and said != "-- ":
            whole[-1] += said
        else:
            whole.append(said)
        goes_on = said.endswith(" ") and said != "-- " and not is_quoted
        if goes_on and is_space_dropped:
            whole[-1] = whole[-1][:-1]
    return "\n".join(whole)


def _header(message: Message, name: str) -> str:
    return str(message.get(name, ""))[: mime.LONGEST_HEADER].strip()


def _first_word(message: Message, name: str) -> str:
    return _header(message, name).partition(";")[0].strip().lower()
