"""What is asked and said about a sheet of paper, in words."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from dataclasses import dataclass

from flask_babel import gettext as _

from timebank.core.text import listed
from timebank.domain.rota.sheets import questions
from timebank.domain.rota.sheets.drafts import HowRead
from timebank.domain.rota.sheets.facts import JobSlot
from timebank.domain.rota.sheets.planning import Fate
from timebank.domain.rota.sheets.planning import PlannedLine
from timebank.domain.rota.sheets.questions import Asks
from timebank.domain.rota.sheets.questions import Choice
from timebank.domain.rota.sheets.questions import Question
from timebank.domain.rota.sheets.spans import Span
from timebank.web.door import door
from timebank.web.filters import N_
from timebank.web.filters import clock
from timebank.web.filters import clock_span
from timebank.web.filters import hours

QUESTIONS: Mapping[Asks, str] = {
    Asks.SHEET: N_("It says “%(text)s”. This is %(number)s. Which sheet is it?"),
    Asks.DAY: N_("It says “%(text)s”. Is it this date all the same?"),
    Asks.EVENT: N_("It says “%(text)s”. Is it this event all the same?"),
    Asks.NAME: N_("We can’t read a name in “%(text)s”. Who was it?"),
    Asks.WHO: N_("Who is “%(text)s”?"),
    Asks.JOB: N_("Which job is “%(text)s”?"),
    Asks.TURN: N_("Which time of “%(text)s” did %(name)s do?"),
    Asks.CAME: N_("Was %(name)s here?"),
    Asks.IN: N_("When did %(name)s come?"),
    Asks.OUT: N_("When did %(name)s leave?"),
    Asks.HOURS: N_("Which hours count for %(text)s?"),
    Asks.TWICE: N_("%(text)s is down for that on line %(above)s already. Is it the same turn?"),
    Asks.SWAP: N_("On the rota %(text)s is down for %(on_the_rota)s. What did they do?"),
    Asks.OFF: N_("%(text)s, %(job)s"),
}
HINTS: Mapping[Asks, str] = {
    Asks.NAME: N_("Leave it empty to leave the line out."),
    Asks.OFF: N_("On the rota, but not on the sheet."),
}


@dataclass(frozen=True, slots=True)
class Told:
    """A line of the sheet as the page tells it.

    Attributes:
        what: The job and its planned time.
        fate: What becomes of it.
        asides: What else there is to say about it.
    """

    line: PlannedLine
    written: str
    who: str
    what: str
    fate: str
    asides: tuple[str, ...]


def question_in_words(question: Question) -> str:
    """Word a question."""
    if question.asks is Asks.JOB and not question.text:
        return _("Which job did %(name)s do?", name=question.values["name"])
    return _(QUESTIONS[question.asks], text=question.text, **question.values)


def hint_of(question: Question) -> str:
    """Say what stands on the paper, or what an answer does."""
    if question.asks in HINTS:
        return _(HINTS[question.asks])
    if question.asks in {Asks.IN, Asks.OUT}:
        return _read_as(question)
    if question.asks is Asks.WHO and question.values["note"]:
        return _("Beside the name: “%(note)s”.", note=question.values["note"])
    if question.asks is Asks.SHEET and question.values["is_of_another_date"]:
        return _("That number belongs to another date.")
    return ""


def _read_as(question: Question) -> str:
    if not question.text:
        return _("The sheet doesn’t say. We put in the planned time.")
    return _("The sheet says “%(text)s”.", text=question.text)


def choices_in_words(question: Question) -> list[tuple[str, str]]:
    """Word the answers there are."""
    return [(choice.value, _label(question, choice)) for choice in question.choices]


def _label(question: Question, choice: Choice) -> str:
    if question.asks is Asks.HOURS:
        return _hours_of(question, choice)
    if question.asks is Asks.TURN:
        return _time_of(question, choice)
    if choice.value in LABELS:
        return LABELS[choice.value](question, choice)
    return choice.label


def _hours_of(question: Question, choice: Choice) -> str:
    slot, span = question.values["slot"], question.values["span"]
    if choice.value == questions.PLANNED and isinstance(slot, JobSlot):
        return _("As planned: %(hours)s", hours=hours(slot.minutes))
    if isinstance(span, Span):
        return _("As on the sheet: %(hours)s", hours=hours(span.minutes))
    return ""


def _time_of(question: Question, choice: Choice) -> str:
    slots = question.values["slots"]
    zone = door().community.timezone
    for slot in slots if isinstance(slots, tuple) else ():
        if str(slot.slot_id) == choice.value:
            return clock_span(slot.starts_at, slot.ends_at, zone)
    return ""


def _this(question: Question, _choice: Choice) -> str:
    if question.asks is Asks.SHEET:
        return _("It’s %(number)s all the same", number=question.values["number"])
    return _("Yes, it is")


def _leave(question: Question, _choice: Choice) -> str:
    if question.asks is Asks.OFF:
        return _("Leave it as it is")
    if question.asks in {Asks.SHEET, Asks.DAY, Asks.EVENT}:
        return _("No: leave those lines out")
    return _("Leave this line out")


def _instead(question: Question, _choice: Choice) -> str:
    if question.asks is Asks.SWAP:
        return _("%(job)s instead", job=question.values["job"])
    return _("Yes, and these times are right")


def _as_rota(question: Question, _choice: Choice) -> str:
    return _("%(job)s, as on the rota", job=question.values["on_the_rota"])


def _once(question: Question, _choice: Choice) -> str:
    if question.values["is_exact"]:
        return _("Yes: count it once")
    return _("Yes, and the times above are right")


LABELS: Mapping[str, Callable[[Question, Choice], str]] = {
    questions.THIS: _this,
    questions.THEIRS: lambda _question, choice: _(
        "A sheet of its own: %(number)s", number=choice.label
    ),
    questions.LEAVE: _leave,
    questions.NEW: lambda _question, _choice: _("Somebody new"),
    questions.YES: lambda _question, _choice: _("Yes"),
    questions.NO: lambda _question, _choice: _("No"),
    questions.ONCE: _once,
    questions.INSTEAD: _instead,
    questions.OTHER: lambda _question, _choice: _("No, it’s somebody else of that name"),
    questions.AS_ROTA: _as_rota,
    questions.MISSED: lambda _question, _choice: _("They weren’t here"),
}


def told(line: PlannedLine) -> Told:
    """Tell a line: what was written, and what we make of it."""
    zone = door().community.timezone
    slot = line.slot
    return Told(
        line=line,
        written=line.entry.row.written,
        who=line.who.name if line.who else "",
        what=f"{slot.name}, {clock_span(slot.starts_at, slot.ends_at, zone)}" if slot else "",
        fate=_fate(line),
        asides=tuple(_asides(line, zone)),
    )


def _fate(line: PlannedLine) -> str:
    if line.fate is Fate.COUNTS and line.slot:
        minutes = line.minutes or line.slot.minutes
        return _("counts %(hours)s", hours=hours(minutes))
    return {
        Fate.CREDITED: _("in already, so it stays as it is"),
        Fate.DOUBLE: _("the same as line %(line)s, so it counts once", line=line.above),
        Fate.CLASH: _("left out: they are down for another job at that time"),
        Fate.NOT_HERE: _("wasn’t here"),
    }.get(line.fate, _("left out"))


def _asides(line: PlannedLine, zone: str) -> Iterator[str]:
    if line.fate is not Fate.COUNTS or line.slot is None or line.who is None:
        return
    if line.span:
        yield _(
            "By the sheet %(start)s to %(end)s.",
            start=clock(line.span.came_at, zone),
            end=clock(line.span.left_at, zone),
        )
    if line.is_own:
        yield _("Your own line: it waits for another organiser, and the planned hours count.")
    if line.turn and line.turn.is_ticked:
        yield _("Ticked on the day already. That tick stays.")
    if line.who.membership_id is None:
        yield _("Somebody new: we write them down by that name.")
    elif line.turn is None:
        yield _("Not on the rota: we add the turn.")


def how_it_was_read(how: HowRead) -> list[str]:
    """Say what was guessed about the whole."""
    said = []
    if how.encoding:
        said.append(
            _(
                "The file doesn’t say how its letters are written. We read them as %(encoding)s. "
                "Look at names with accents.",
                encoding=how.encoding,
            )
        )
    if how.has_open_quote:
        said.append(_("The quotation marks don’t fit together, so we took them for letters."))
    if how.is_guessed:
        said.append(_("We found no headings, so we took the columns in the order of our sheet."))
    if how.titles:
        said.append(_("We left out what stands above: %(titles)s.", titles=listed(how.titles)))
    return said
