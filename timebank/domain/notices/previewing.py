"""Show an organiser the mail that people will get, before anything is written down."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from typing import Any

from timebank.domain.messages.writing import KIND_OF
from timebank.domain.notices import wording
from timebank.domain.notices.families import FAMILY_OF
from timebank.domain.notices.families import Family
from timebank.domain.notices.judging import Enclosed
from timebank.domain.notices.letters import Letter
from timebank.domain.notices.messages import AboutMessage
from timebank.domain.notices.wording import Wording
from timebank.models import Audience
from timebank.models import Community
from timebank.models import Event
from timebank.models import EventState
from timebank.models import Series

_OWN_LINK = re.compile(r"/t/\S+")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Sketch:
    """A message that is not sent yet, as its readers will get it.

    Attributes:
        writer: The organiser's full name.
        job: Whose past doers it is for, for those.
    """

    community: Community
    series: Series
    event: Event
    whom: Audience
    job: str | None
    writer: str
    subject: str
    words: str


def preview(
    sketch: Sketch, *, public_url: str, secret_key: str, reply_address: str, now: dt.datetime
) -> Wording:
    """Word a message as it will be delivered, but for the reader's own links: these are cut."""
    words = wording.word(
        _letter(sketch),
        public_url=public_url,
        secret_key=secret_key,
        now=now,
        enclosed=Enclosed(membership_id=0, family=_family(sketch.whom), reply_to=reply_address),
    )
    return dataclasses.replace(words, text=_OWN_LINK.sub("/t/…", words.text))


def _family(whom: Audience) -> Family | None:
    """Tell which family it is of: whoever asked to hear of it ends that by its own link."""
    return None if whom is Audience.HEARING else FAMILY_OF.get(KIND_OF[whom])


def _letter(sketch: Sketch) -> Letter:
    """Write the letter to nobody in particular: no message and no member has the number 0."""
    facts: dict[str, Any] = dict.fromkeys(field.name for field in dataclasses.fields(Letter))
    community, event = sketch.community, sketch.event
    facts |= {
        "kind": KIND_OF[sketch.whom],
        "facts": {},
        "community_name": community.name,
        "place": community.place,
        "phone": community.phone,
        "timezone": community.timezone,
        "host": community.host,
        "title": sketch.series.title,
        "slug": sketch.series.slug,
        "occurs_on": event.occurs_on,
        "starts_at": event.starts_at,
        "ends_at": event.ends_at,
        "message": _about(sketch),
    }
    return Letter(**facts)


def _about(sketch: Sketch) -> AboutMessage:
    return AboutMessage(
        message_id=0,
        series_id=sketch.series.id,
        whom=sketch.whom,
        subject=sketch.subject,
        words=sketch.words,
        called_off=sketch.event.state is EventState.CANCELLED,
        job=sketch.job,
        writer=sketch.writer,
        membership_id=0,
        answer=None,
        by_organiser=False,
        had_files=False,
        answerer="",
        event_state=sketch.event.state,
        is_member=True,
        is_around=True,
        may_be_asked=True,
        hears=True,
        has_turn=True,
        is_blocked=False,
    )
