"""How long a text message is: how many parts it goes in, which is what it costs by.

Source: 3GPP TS 23.038 (the alphabet), TS 23.040 section 9.2.3.24 (parts).
"""

from __future__ import annotations

from collections.abc import Iterable

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_DOUBLE = frozenset("^{}\\[~]|€\f")
_PLAIN = str.maketrans(
    {
        "‘": "'", "’": "'", "“": '"', "”": '"', "–": "-", "—": "-", "‑": "-", "…": "...",  # noqa: RUF001
        "·": "-", "•": "-", "½": " 1/2", "¼": " 1/4", "¾": " 3/4", "−": "-", "\t": " ",
        "\u00a0": " ", "\u202f": " ", "\u2009": " ", "\u200b": "", "\u00ad": "",
    }
)  # fmt: skip

GSM_ONE, GSM_EACH = 160, 153
WIDE_ONE, WIDE_EACH = 70, 67
_WIDEST_OF_ONE_UNIT = 0xFFFF


def plain(words: str) -> str:
    """Write typographic signs as a telephone's alphabet has them: other letters cost double."""
    return " ".join(words.translate(_PLAIN).split())


def parts_of(words: str) -> int:
    """Count in how many parts a message goes; the empty one is one."""
    if all(letter in _BASIC or letter in _DOUBLE for letter in words):
        return _fill((1 + (letter in _DOUBLE) for letter in words), GSM_ONE, GSM_EACH)
    return _fill(
        (1 + (ord(letter) > _WIDEST_OF_ONE_UNIT) for letter in words), WIDE_ONE, WIDE_EACH
    )


def within(words: str, ending: str, *, most_parts: int) -> str:
    """Write a message in so many parts at most: its words are shortened, its ending is not."""
    whole = f"{words} {ending}"
    if parts_of(whole) <= most_parts:
        return whole
    fits, too_long = 0, len(words)
    while too_long - fits > 1:
        middle = (fits + too_long) // 2
        if parts_of(_cut(words, middle, ending)) <= most_parts:
            fits = middle
        else:
            too_long = middle
    return _cut(words, fits, ending)


def _cut(words: str, length: int, ending: str) -> str:
    return f"{words[:length].rstrip()}... {ending}"


def _fill(sizes: Iterable[int], one: int, each: int) -> int:
    """Fill parts one after another: a letter of two places is never torn apart."""
    listed = list(sizes)
    if sum(listed) <= one:
        return 1
    parts, left = 1, each
    for size in listed:
        if size > left:
            parts, left = parts + 1, each
        left -= size
    return parts
