"""Say a notice in words: a subject, a text and an HTML page, from `templates/email/<kind>/`.

No request is near when a message is worded, so addresses are built from what the operator said is
public, and hours and days are those of the community.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from timebank.core import languages
from timebank.domain.notices.judging import Enclosed
from timebank.domain.notices.letters import Letter
from timebank.domain.notices.links import NOTHING
from timebank.domain.notices.links import Links
from timebank.domain.notices.rendering import environment
from timebank.domain.notices.rendering import one_line
from timebank.domain.notices.rendering import tidy
from timebank.models import NoticeKind


@dataclass(frozen=True, slots=True)
class Wording:
    """A message in words.

    Attributes:
        stop: The address that ends messages of this family; None: they can't be ended.
        language: As BCP 47 names it.
    """

    subject: str
    text: str
    html: str
    stop: str | None = None
    language: str = languages.USUAL


def word(
    letter: Letter,
    *,
    public_url: str,
    secret_key: str,
    now: dt.datetime,
    enclosed: Enclosed = NOTHING,
) -> Wording:
    """Say a notice in words, as seen from `now`: "tomorrow" is the day after it."""
    links = Links(letter, public_url, secret_key, enclosed)
    language = languages.offered(enclosed.language)
    facts = {
        "letter": letter,
        "links": links,
        "now": now,
        "language": language,
        "turns": [(one, links.of(one)) for one in enclosed.letters],
        "week": enclosed.week,
        "kept": _gists(enclosed, links, now),
    }
    parts = [_render(letter, part, facts) for part in ("subject.txt", "body.txt", "body.html")]
    return Wording(
        subject=one_line(parts[0]),
        text=tidy(parts[1]),
        html=parts[2].strip() + "\n",
        stop=links.stop,
        language=language,
    )


def on_paper(letter: Letter, *, now: dt.datetime) -> str:
    """Say a notice in a sentence or two, for a letter or to be read out on the telephone."""
    return " ".join(_render(letter, "paper.txt", {"letter": letter, "now": now}).split())


def ending_of_a_text(letter: Letter, *, public_url: str, enclosed: Enclosed) -> str:
    """Say how a text message ends, after the subject: where to look, and how to stop.

    Its addresses hold no secret: a telephone shows messages to whoever holds it.
    """
    links = Links(letter, public_url, "", enclosed)
    addresses = {"see": _without_a_secret(links), "stop": f"{links.home}/me/texts"}
    return _render_text("ending", addresses).strip()


def _without_a_secret(links: Links) -> str:
    """Where to look, for whoever is signed in."""
    letter = links.letter
    if letter.exchange:
        return links.exchange
    return links.event if letter.slug and letter.occurs_on else links.my_turns


def code_in_a_text(letter: Letter, digits: str) -> str:
    """Say the code by which somebody proves that a number is theirs."""
    return _render_text("code", {"letter": letter, "digits": digits}).strip()


def _render_text(name: str, facts: Mapping[str, object]) -> str:
    return environment().get_template(f"email/text_code/{name}.txt").render(facts)


def _gists(enclosed: Enclosed, links: Links, now: dt.datetime) -> list[tuple[str, str]]:
    """Say each message that was kept for the weekly mail by its subject and where it leads."""
    kept = enclosed.week.kept if enclosed.week else ()
    of_each = [(one, links.of(one)) for one in kept]
    return [
        (one_line(_render(one, "subject.txt", {"letter": one, "links": to, "now": now})), to.gist)
        for one, to in of_each
    ]


def _render(letter: Letter, part: str, facts: Mapping[str, object]) -> str:
    return environment().get_template(f"email/{letter.kind}/{part}").render(facts)


def preload() -> None:
    """Read every template now, so that each worker's child finds them ready."""
    for kind in NoticeKind:
        for part in ("subject.txt", "body.txt", "body.html"):
            environment().get_template(f"email/{kind}/{part}")
