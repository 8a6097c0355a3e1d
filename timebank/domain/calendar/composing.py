"""What a calendar says of each thing: its title, its text, its address and its lasting UID."""

from __future__ import annotations

import uuid
from urllib.parse import urlsplit

from timebank.core.text import first_name
from timebank.core.text import public_name
from timebank.domain.calendar.items import Cover
from timebank.domain.calendar.items import Item
from timebank.domain.calendar.items import Words
from timebank.domain.calendar.reading import FeedState
from timebank.domain.calendar.reading import Kind
from timebank.domain.calendar.reading import Showing
from timebank.models import CancelledAs
from timebank.models import Outlook

ADDRESSES = {
    Kind.EVERYTHING: "/calendar/all.ics",
    Kind.GROUP: "{path}/calendar.ics",
    Kind.SERIES: "{path}/calendar.ics",
}
PICTURE = "{site}/static/img/scenes/{scene}.png"  # web/static_files keeps this address
# What each kind of thing is coloured in, by names of CSS 3: calendars know no others (RFC 7986).
COLOURS = {
    "park": "forestgreen",
    "party": "crimson",
    "litter": "olive",
    "garden": "seagreen",
    "tea": "chocolate",
    "books": "slateblue",
    "lake": "steelblue",
    "fix": "darkorange",
}
OURS = uuid.UUID("6d1c3b0e-4d0f-4a7c-9b1f-3f0f6f0c5a11")  # what is no event has its UIDs in here


def cover_of(state: FeedState, words: Words, public_url: str) -> Cover:
    """Say what a calendar says about itself."""
    site = site_address(public_url, state.host)
    address = ADDRESSES.get(state.kind)
    name = words.names.get(state.kind, "%(place)s") % {"place": state.name}
    narrowed = [words.scenes.get(state.scene or "", ""), state.narrowed]
    page = f"{site}/" if state.kind is Kind.GROUP else f"{site}{state.path}"
    return Cover(
        name=": ".join([name, ", ".join(filter(None, narrowed))]).removesuffix(": "),
        about=words.about % {"page": page},
        url=page,
        source=f"{site}{address.format(path=state.path)}" if address else None,
    )


def item_of(row: Showing, state: FeedState, words: Words, public_url: str) -> Item:
    """Say what a calendar says of one thing."""
    site = site_address(public_url, state.host)
    url = site + _path(row, state.kind)
    at = (row.latitude, row.longitude)
    title = _title(row, state.kind, words)
    kinds = (row.group, row.role)
    return Item(
        uid=whole_uid(_uid(row, state.kind), public_url),
        sequence=row.sequence,
        created_at=row.created_at,
        updated_at=row.updated_at,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        timezone=state.timezone,
        is_cancelled=row.is_cancelled,
        is_uncertain=row.is_uncertain,
        is_busy=state.kind in BUSY and row.membership_id is None,
        title=words.cancelled % {"title": title} if row.is_cancelled else title,
        description=_description(row, words, url),
        location=", ".join(part for part in (row.venue, row.address) if part),
        position=(at[0], at[1]) if at[0] is not None and at[1] is not None else None,
        url=url,
        categories=tuple(filter(None, kinds)),
        says_status=not (row.is_cancelled and state.cancelled is CancelledAs.MARK),
        alarm_minutes=None if row.is_cancelled else state.alarm_minutes,
        contact=f"{row.group}, {site}/e/{row.slug}" if row.slug else "",
        picture=PICTURE.format(site=site, scene=row.scene) if row.scene else "",
        colour=COLOURS.get(row.scene, ""),
    )


BUSY = {Kind.MINE, Kind.HOUSEHOLD, Kind.EXCHANGES}


def site_address(public_url: str, host: str | None) -> str:
    """Tell where a community's pages are: its own host, else the address of the whole site."""
    if host is None:
        return public_url
    parts = urlsplit(public_url)
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{host}{port}"


def whole_uid(uid: str, public_url: str) -> str:
    """Write a UID in full: it ends in the host that the operator chose, whoever asks."""
    return f"{uid}@{urlsplit(public_url).hostname}"


def turn_uid(event_uid: str, slot_id: int, membership_id: int | None = None) -> str:
    """Derive the lasting UID of a turn: the same job on the same date, wherever it moves.

    Args:
        event_uid: Of its event.
        slot_id: Its job on that date.
        membership_id: Whose it is, in the calendar of somebody else.
    """
    whose = f" of {membership_id}" if membership_id else ""
    return str(uuid.uuid5(uuid.UUID(event_uid), f"slot {slot_id}{whose}"))


def _uid(row: Showing, kind: Kind) -> str:
    if row.exchange_id is not None:
        return str(uuid.uuid5(OURS, f"exchange {row.exchange_id}"))
    if kind is Kind.GAPS:
        return str(uuid.uuid5(uuid.UUID(row.uid), f"wanted {row.role_id}"))
    if kind is Kind.ORGANISING:
        # Its own: somebody who follows what's on as well has the same date there, told otherwise.
        return str(uuid.uuid5(uuid.UUID(row.uid), "rota"))
    if row.slot_id is not None:
        return turn_uid(row.uid, row.slot_id, row.membership_id)
    return row.uid


def _path(row: Showing, kind: Kind) -> str:
    if row.exchange_id is not None:
        return f"/neighbours/thanks/{row.exchange_id}"
    date = f"/e/{row.slug}/{row.occurs_on.isoformat()}"
    return f"{date}/claim/{row.slot_id}" if kind is Kind.GAPS else date


def _title(row: Showing, kind: Kind, words: Words) -> str:
    if row.exchange_id is not None:
        name = public_name(row.whose) if row.whose else row.group
        return words.exchange % {"what": row.title, "name": name} if name else row.title
    if kind is Kind.GAPS:
        return words.gap % {"count": row.places, "role": row.role, "title": row.title}
    if kind is Kind.ORGANISING:
        said = _how_it_stands(row, words)
        return words.organised % {"title": row.title, "state": said} if said else row.title
    title = words.turn % {"role": row.role, "title": row.title} if row.role else row.title
    if row.membership_id is not None:
        return words.whose % {"name": first_name(row.whose or ""), "turn": title}
    return title


def _how_it_stands(row: Showing, words: Words) -> str:
    if row.is_cancelled:
        return ""
    outlook = {Outlook.AT_RISK: words.at_risk, Outlook.NO_GO: words.no_go}.get(
        Outlook(row.outlook), ""
    )
    filled = words.filled % {"filled": row.filled, "places": row.places} if row.places else ""
    return ", ".join(filter(None, (filled, outlook)))


def _description(row: Showing, words: Words, url: str) -> str:
    because = words.cancelled_because if row.is_cancelled else words.changed_because
    parts = [
        because % {"reason": row.reason} if row.reason else "",
        row.about or "",
        row.description,
        words.bring % {"things": row.bring} if row.bring else "",
        url,
    ]
    return "\n\n".join(part for part in parts if part)
