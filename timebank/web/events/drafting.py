"""Between the editor's form and the domain's drafts: typed text in, drafts out, and back."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable
from typing import Any
from typing import TypeVar

from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from timebank.core.errors import Refused
from timebank.domain import events
from timebank.domain.events import leads
from timebank.domain.events.jobs import MOST_ROLES
from timebank.models import Frequency
from timebank.models import IfShort
from timebank.models import Lead
from timebank.models import Role
from timebank.models import Series
from timebank.models import Venue
from timebank.web.events import lines
from timebank.web.events.date_forms import MoveForm
from timebank.web.events.fields import read_time
from timebank.web.events.forms import FACILITIES
from timebank.web.events.forms import EditorForm
from timebank.web.events.job_forms import JobForm
from timebank.web.leads import ticked
from timebank.web.typed import read_number
from timebank.web.typed import text_of

T = TypeVar("T")

BLANK_LINES = 3
WHEN = ("often", "first", "starts", "ends", "last", "season_from", "season_until")


def typed_blank(rota: events.ReadyRota | None) -> MultiDict[str, str]:
    """Write the form of a new event, with a ready-made rota or three empty lines."""
    typed: MultiDict[str, str] = MultiDict(
        {"often": "weekly", "scene": "park", "if_short": "ask", "intent": str(uuid.uuid4())}
    )
    type_leads(typed, leads.USUAL_LEADS)
    if rota is None:
        typed.update(lines.typed_lines([lines.Line()] * BLANK_LINES))
        return typed
    typed["rota"] = rota.key
    typed["often"] = rota.frequency.value
    typed["starts"] = typed["was_starts"] = f"{rota.starts_time:%H:%M}"
    typed["ends"] = typed["was_ends"] = f"{rota.ends_time:%H:%M}"
    for name in ("scene", "description", "first_timers", "bring"):
        typed[name] = getattr(rota, name)
    jobs = [lines.line_of(role, rota.starts_time) for role in rota.roles]
    typed.update(lines.typed_lines(jobs))
    return typed


def typed_series(series: Series, venue: Venue, roles: Iterable[Role]) -> MultiDict[str, str]:
    """Write the form of a series as it stands."""
    typed: MultiDict[str, str] = MultiDict(
        {
            "group": str(series.group_id),
            "where": venue.name,
            "address": venue.address,
            "area": venue.area,
            "often": series.frequency.value,
            "first": series.first_on.isoformat(),
            "starts": f"{series.starts_time:%H:%M}",
            "ends": f"{series.ends_time:%H:%M}",
            "was_starts": f"{series.starts_time:%H:%M}",
            "was_ends": f"{series.ends_time:%H:%M}",
            "version": str(series.version),
        }
    )
    for name in ("title", "scene", "description", "first_timers", "bring"):
        typed[name] = getattr(series, name)
    for name in ("season_from", "season_until", "most_a_week", "decide_hours_before"):
        typed[name] = str(getattr(series, name) or "")
    typed["last"] = series.last_on.isoformat() if series.last_on else ""
    typed["expected"] = str(series.expected_people or "")
    typed["drop_out_hours"] = str(series.drop_out_hours or "")
    typed["if_short"] = series.if_short.value
    typed.setlist("getting_round", [name for name, _label in FACILITIES if getattr(venue, name)])
    type_leads(typed, leads.of_series(series))
    jobs = [lines.line_of(draft_of_role(role), series.starts_time) for role in roles]
    typed.update(lines.typed_lines(jobs))
    return typed


def type_leads(typed: MultiDict[str, str], chosen: Iterable[Lead]) -> None:
    """Tick when people are reminded, and note that it was asked: nothing ticked is an answer."""
    typed["asked_leads"] = "yes"
    typed.setlist("leads", leads.written(chosen))


def retyped(typed: MultiDict[str, str], *, press: str) -> MultiDict[str, str]:
    """Do to the typed lines what the pressed button asks for, and what changed times ask for.

    Args:
        typed: The form as it came.
        press: "add" for a spare line, "fill" for the chosen ready-made rota, or another button.
    """
    before, after = _span(typed, "was_starts", "was_ends"), _span(typed, "starts", "ends")
    rota = events.ready_made_rota(typed.get("rota", "")) if press == "fill" else None
    again = MultiDict(
        (name, value) for name, value in typed.items(multi=True) if not name.startswith("roles-")
    )
    jobs = lines.read_lines(typed)
    if before and after:
        jobs = lines.move_along(jobs, before=before, after=after)
    if rota:
        _fill_the_rest(again, rota)
        jobs = lines.fill(jobs, rota, read_time(again["starts"]) or rota.starts_time)
    if press == "add" and len(jobs) < MOST_ROLES:
        jobs = [*jobs, lines.Line()]
    again.update(lines.typed_lines(jobs))
    if _span(again, "starts", "ends"):
        again["was_starts"], again["was_ends"] = again["starts"], again["ends"]
    return again


def _span(typed: MultiDict[str, str], starts: str, ends: str) -> lines.Span | None:
    return lines.span_of(read_time(typed.get(starts)), read_time(typed.get(ends)))


def _fill_the_rest(typed: MultiDict[str, str], rota: events.ReadyRota) -> None:
    """Let a ready-made rota answer what nobody has answered yet."""
    answers = {
        "description": rota.description,
        "first_timers": rota.first_timers,
        "bring": rota.bring,
        "starts": f"{rota.starts_time:%H:%M}",
        "ends": f"{rota.ends_time:%H:%M}",
    }
    for name, answer in answers.items():
        if not typed.get(name, "").strip():
            typed[name] = answer
    typed["scene"] = rota.scene


def draft_of(form: EditorForm, *, venue: Venue | None = None) -> events.SeriesDraft:
    """Make a draft of a form that is valid.

    Args:
        form: The form.
        venue: Where it took place so far: the same words keep their point on the map.
    """
    return events.SeriesDraft(
        group_id=int(form.group.data),
        title=text_of(form.title),
        description=text_of(form.description),
        first_timers=text_of(form.first_timers),
        bring=text_of(form.bring),
        scene=form.scene.data,
        venue=venue_draft(form, venue=venue),
        frequency=Frequency(form.often.data),
        first_on=_known(form.first.value),
        starts_time=_known(form.starts.value),
        ends_time=_known(form.ends.value),
        roles=role_drafts(
            form.roles, starts=_known(form.starts.value), ends=_known(form.ends.value)
        ),
        expected_people=form.expected.value,
        most_a_week=form.most_a_week.value,
        drop_out_hours=form.drop_out_hours.value or 0,
        decide_hours_before=form.decide_hours_before.value,
        if_short=IfShort(form.if_short.data),
        leads=ticked(form.leads),
        **_ending(form),
        ready_made=form.rota.data or "",
    )


def venue_draft(form: EditorForm | MoveForm, *, venue: Venue | None) -> events.VenueDraft:
    """Make a draft of a place; the same name and address keep their point on the map."""
    name, address = text_of(form.where), text_of(form.address)
    facilities = form.getting_round.data or ()
    same = venue is not None and (venue.name, venue.address) == (name, address)
    return events.VenueDraft(
        name=name,
        address=address,
        area=text_of(form.area) if isinstance(form, EditorForm) else None,
        latitude=venue.latitude if venue and same else None,
        longitude=venue.longitude if venue and same else None,
        **{facility: facility in facilities for facility, _label in FACILITIES},
    )


def read_intent(typed: str | None) -> uuid.UUID | None:
    """Read which page of the editor this is; None when it was meddled with."""
    try:
        return uuid.UUID(typed or "")
    except ValueError:
        return None


def when_is_clear(form: EditorForm) -> bool:
    """Whether what the schedule needs has been said and can be read."""
    return (
        form.often.data in set(Frequency)
        and None not in (form.first.value, form.starts.value, form.ends.value)
        and not any(form[name].errors for name in WHEN)
    )


def when_of(form: EditorForm) -> events.SeriesDraft:
    """Make a draft of the schedule alone, to read it back or to check it."""
    return events.SeriesDraft(
        group_id=0,
        title="",
        description="",
        venue=events.VenueDraft(name=""),
        frequency=Frequency(form.often.data),
        first_on=_known(form.first.value),
        starts_time=_known(form.starts.value),
        ends_time=_known(form.ends.value),
        **_ending(form),
    )


def _ending(form: EditorForm) -> dict[str, Any]:
    """Read last date and season, as far as they can be read."""
    return {
        "last_on": form.last.value,
        "season_from": read_number(form.season_from.data),
        "season_until": read_number(form.season_until.data),
    }


def note_refusal(form: Any, refusal: Refused) -> None:  # noqa: ANN401 - any form of ours
    """Put a refusal's sentence beside the field it is about, in a line of the rota too."""
    kind, _dash, rest = (refusal.field or "").partition("-")
    number, _dash, name = rest.partition("-")
    if kind == "roles" and number:
        form.roles.entries[int(number)].form[name].errors = [_(refusal.sentence)]
        form.roles.errors = [entry.errors for entry in form.roles.entries]
    else:
        form.refuse(refusal)


def role_drafts(
    entries: Iterable[Any], *, starts: dt.time, ends: dt.time
) -> tuple[events.RoleDraft, ...]:
    """Make drafts of valid lines, beside an event's times."""
    return tuple(_role_draft(entry.form, starts, ends) for entry in entries)


def _role_draft(line: JobForm, starts: dt.time, ends: dt.time) -> events.RoleDraft:
    begins = lines.minutes_of(line.starts.value or starts)
    return events.RoleDraft(
        name=text_of(line.name),
        about=text_of(line.about),
        places=line.places.value or 1,
        needed=line.needed.value or 0,
        starts_after_minutes=begins - lines.minutes_of(starts),
        duration_minutes=lines.minutes_of(line.ends.value or ends) - begins,
        turn_minutes=line.turn.value,
        every_minutes=line.every.value,
        role_id=read_number(line.role_id.data),
    )


def draft_of_role(role: Role) -> events.RoleDraft:
    """Write a role as a line of the rota."""
    return events.RoleDraft(
        role_id=role.id,
        name=role.name,
        about=role.about,
        places=role.places,
        needed=role.needed,
        starts_after_minutes=role.starts_after_minutes,
        duration_minutes=role.duration_minutes,
        turn_minutes=role.turn_minutes,
        every_minutes=role.every_minutes,
    )


def _known(value: T | None) -> T:
    """Take what the form has made sure of."""
    if value is None:
        raise TypeError("drafts are made of valid forms")
    return value
