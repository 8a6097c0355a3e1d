"""A browser for the journeys: follows redirects, finds buttons, sends forms as they stand."""

from __future__ import annotations

import re
from dataclasses import dataclass
from dataclasses import field
from html.parser import HTMLParser

from flask import Flask
from werkzeug.test import TestResponse

from timebank.core import clock
from timebank.db import db
from timebank.domain import identity
from timebank.models import Membership
from timebank.web.door import SIGN_IN_KEY


@dataclass
class Form:
    """A form of a page: where it goes, what it holds, and the words on its buttons.

    `actions`: where buttons go that lead elsewhere than their form.
    """

    action: str
    method: str
    fields: dict[str, list[str]]
    buttons: dict[str, tuple[str, str]]
    actions: dict[str, str] = field(default_factory=dict)


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._button: tuple[str, str] | None = None
        self._action = ""
        self._words = ""
        self._area = ""
        self._select = ""

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag == "form":
            self.forms.append(Form(given.get("action", ""), given.get("method", "get"), {}, {}))
        if not self.forms:
            return
        name, value = given.get("name", ""), given.get("value", "")
        if tag == "input" and name:
            self._input(name, value, given)
        elif tag == "textarea":
            self._area = name
            self._add(name, "")
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select and "selected" in given:
            self._add(self._select, value)
        elif tag == "button":
            self._button, self._words = (name, value), ""
            self._action = given.get("formaction", "")

    def _input(self, name, value, given):
        if given.get("type") not in {"checkbox", "radio"} or "checked" in given:
            self._add(name, value or ("y" if "checked" in given else ""))

    def _add(self, name, value):
        self.forms[-1].fields.setdefault(name, []).append(value)

    def handle_endtag(self, tag):
        if tag == "textarea":
            self._area = ""
        if tag == "select":
            self._select = ""
        if tag == "button" and self._button and self.forms:
            words = " ".join(self._words.split())
            self.forms[-1].buttons[words] = self._button
            self.forms[-1].actions[words] = self._action
            self._button = None

    def handle_data(self, data):
        if self._button is not None:
            self._words += data
        if self._area and self.forms:
            self.forms[-1].fields[self._area][-1] += data.removeprefix("\n")


class Browser:
    """What one person sees and taps."""

    def __init__(self, app: Flask, host: str = "localhost") -> None:
        self.app = app
        self.client = app.test_client()
        self.base = f"http://{host}"
        self.answer: TestResponse | None = None
        self.statuses: list[int] = []

    @property
    def page(self) -> str:
        return self.answer.get_data().decode(errors="replace")  # a file that came is no text

    @property
    def words(self) -> str:
        """The page's text without tags, in one line."""
        body = re.sub(r"<(script|style|svg).*?</\1>", " ", self.page, flags=re.DOTALL)
        text = re.sub(r"<[^>]+>", " ", body)
        for entity, letter in (("&amp;", "&"), ("&#39;", "'"), ("&#34;", '"'), ("&lt;", "<")):
            text = text.replace(entity, letter)
        return " ".join(text.split())

    @property
    def path(self) -> str:
        return self.answer.request.path

    def open(self, address: str) -> str:
        self._go(self.client.get(address, base_url=self.base))
        return self.page

    def post(self, address: str, **fields: object) -> str:
        """Send a form that was not looked at first (a rival's, or a forger's)."""
        self._go(self.client.post(address, data=fields, base_url=self.base))
        return self.page

    def press(self, words: str, /, **typed: object) -> str:
        """Press the first button whose words begin with `words`, after typing into its form."""
        form, button, action = self._find(words)
        fields = {**form.fields, **{name: _listed(value) for name, value in typed.items()}}
        if button[0]:
            fields[button[0]] = [button[1]]
        address = action or form.action or self.answer.request.full_path
        self._go(self.client.post(address, data=fields, base_url=self.base))
        return self.page

    def has_button(self, words: str) -> bool:
        return any(said.startswith(words) for form in self.forms() for said in form.buttons)

    def links(self) -> list[tuple[str, str]]:
        """Every link as (words, address)."""
        found = re.findall(r'<a [^>]*?href="([^"]*)"[^>]*>(.*?)</a>', self.page, re.DOTALL)
        return [
            (" ".join(re.sub(r"<[^>]+>", " ", words).split()), url.replace("&amp;", "&"))
            for url, words in found
        ]

    def follow(self, words: str) -> str:
        """Follow the first link whose words begin with `words`."""
        for said, url in self.links():
            if said.startswith(words):
                return self.open(url)
        raise AssertionError(f"no link {words!r} among {[said for said, _ in self.links()]}")

    def forms(self) -> list[Form]:
        parser = _Forms()
        parser.feed(self.page)
        return parser.forms

    def sign_in(self, member: Membership) -> Browser:
        """Become somebody, as their e-mailed link would do."""
        with self.app.app_context():
            token = identity.open_sign_in(
                db.session(), person_id=member.person_id, now=clock.now()
            )
            db.session.commit()
        with self.client.session_transaction(base_url=self.base) as kept:
            kept[SIGN_IN_KEY] = token
        return self

    def _find(self, words: str) -> tuple[Form, tuple[str, str], str]:
        for form in self.forms():
            for said, button in form.buttons.items():
                if said.startswith(words):
                    return form, button, form.actions[said]
        seen = [said for form in self.forms() for said in form.buttons]
        raise AssertionError(f"no button {words!r} among {seen}")

    def _go(self, answer: TestResponse) -> None:
        self.statuses = [answer.status_code]
        while answer.status_code in {301, 302, 303, 307, 308}:
            answer = self.client.get(answer.headers["Location"], base_url=self.base)
            self.statuses.append(answer.status_code)
        self.answer = answer


def _listed(value: object) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else [str(value)]
