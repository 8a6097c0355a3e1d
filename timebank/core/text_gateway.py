"""What an operator says about the gateway that takes text messages; unset, none are sent.

It costs money, so nothing goes without a price and a limit a month.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from dataclasses import field
from decimal import Decimal
from decimal import InvalidOperation
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl
from urllib.parse import urlencode
from urllib.parse import urlsplit

from timebank.core.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping

USUAL_BODY = '{"to": "{to}", "from": "{sender}", "text": "{words}"}'
LOGINS = ("bearer", "basic", "none")
DEAREST_PENCE = 1000
MOST_PENCE = 1_000_000

_SENDER = re.compile(r"\+?[0-9]{3,15}|[A-Za-z0-9][A-Za-z0-9 ]{0,10}")
_PLACES = re.compile(r"\{(to|sender|words|token)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts:
    """A gateway for text messages.

    Attributes:
        url: Where it takes them, by POST.
        token: What it knows us by; may be empty.
        login: How it is said: as a bearer token, as name:password, or not but in the body.
        sender: From whom messages come: a number, or up to eleven letters and figures.
        body: What is posted, with `{to}`, `{sender}`, `{words}` and, if need be, `{token}` in it:
            JSON, or a form as `to={to}&text={words}`.
        price: Of one part, in pence.
        most_a_month: What may be spent in a calendar month, in pence.
        region: Whose numbers are written to, as ISO 3166 names it.
    """

    url: str = field(repr=False)
    token: str = field(repr=False)
    login: str
    sender: str
    body: str = field(repr=False)
    price: Decimal
    most_a_month: Decimal
    region: str = "GB"

    @property
    def is_json(self) -> bool:
        """Whether it takes JSON; else a form."""
        return self.body.startswith("{")

    def fill_in(self, *, number: str, words: str) -> str:
        """Write what is posted; whatever stands in the words stays within its field."""
        said = {"to": number, "sender": self.sender, "words": words, "token": self.token}
        if self.is_json:
            return json.dumps(_filled(json.loads(self.body), said), ensure_ascii=False)
        pairs = parse_qsl(self.body, keep_blank_values=True)
        return urlencode([(name, _filled(value, said)) for name, value in pairs])


def _filled(value: object, said: Mapping[str, str]) -> object:
    if isinstance(value, str):
        return _PLACES.sub(lambda match: said[match[1]], value)
    if isinstance(value, dict):
        return {name: _filled(one, said) for name, one in value.items()}
    if isinstance(value, list):
        return [_filled(one, said) for one in value]
    return value


def read_texts(environ: Mapping[str, str]) -> Texts | None:
    """Read what is said about the gateway; None where none is.

    Raises:
        SettingsError: When something is missing or malformed.
    """
    url = environ.get("TEXTS_URL", "").strip()
    if not url:
        return None
    login = environ.get("TEXTS_LOGIN", "").strip() or "bearer"
    if login not in LOGINS:
        raise SettingsError("TEXTS_LOGIN cannot be understood: give bearer, basic or none.")
    return Texts(
        url=_url(url),
        token=_token(environ.get("TEXTS_TOKEN", "").strip(), login),
        login=login,
        sender=_sender(environ.get("TEXTS_SENDER", "").strip()),
        body=_body(environ.get("TEXTS_BODY", "").strip() or USUAL_BODY),
        price=_pence(environ, "TEXTS_PRICE", DEAREST_PENCE),
        most_a_month=_pence(environ, "TEXTS_MOST_A_MONTH", MOST_PENCE),
        region=_region(environ.get("TEXTS_REGION", "").strip() or "GB"),
    )


def _url(text: str) -> str:
    problem = SettingsError(
        "TEXTS_URL cannot be understood: give an address such as https://gateway.example/send."
    )
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise problem from None
    is_plain = parts.scheme == "http" and parts.hostname in {"localhost", "127.0.0.1", "::1"}
    if port == 0 or not parts.hostname or "@" in parts.netloc or re.search(r"[^!-~]", text):
        raise problem
    if parts.scheme != "https" and not is_plain:
        raise SettingsError("TEXTS_URL must begin with https:// unless it is on this machine.")
    return text


def _token(text: str, login: str) -> str:
    if re.search(r"[^!-~]", text) or (login != "none" and not text):
        raise SettingsError("TEXTS_TOKEN is not set or cannot be understood: give the gateway's.")
    return text


def _sender(text: str) -> str:
    if not _SENDER.fullmatch(text):
        raise SettingsError(
            "TEXTS_SENDER cannot be understood: give a number, or up to eleven letters or figures."
        )
    return text


def _body(text: str) -> str:
    problem = SettingsError(
        "TEXTS_BODY cannot be understood: give JSON or a form with {to} and {words} in it."
    )
    if not {"to", "words"} <= set(_PLACES.findall(text)):
        raise problem
    if text.startswith("{"):
        try:
            json.loads(text)
        except ValueError:
            raise problem from None
    elif not parse_qsl(text):
        raise problem
    return text


def _pence(environ: Mapping[str, str], name: str, most: int) -> Decimal:
    try:
        pence = Decimal(environ.get(name, "").strip())
    except InvalidOperation:
        pence = Decimal(0)
    if not (pence.is_finite() and 0 < pence <= most and pence == round(pence, 3)):
        raise SettingsError(f"{name} is not set or cannot be understood: give pence, such as 4.5.")
    return pence


def _region(text: str) -> str:
    if not re.fullmatch(r"[A-Z]{2}", text):
        raise SettingsError("TEXTS_REGION cannot be understood: give two letters, such as GB.")
    return text
