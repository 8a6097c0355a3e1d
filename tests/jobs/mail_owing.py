"""What is owed at once when something changes on the rota: half of the model of all mail."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from tests.jobs.mail_facts import DAY
from tests.jobs.mail_facts import HOUR
from tests.jobs.mail_facts import LIVE
from tests.jobs.mail_facts import REMINDED
from tests.jobs.mail_facts import TO_COME
from tests.jobs.mail_facts import UNDO_LASTS
from tests.jobs.mail_facts import Facts
from tests.jobs.mail_facts import Owed
from tests.jobs.mail_facts import Turn
from tests.jobs.mail_facts import Wish
from tests.jobs.mail_facts import after_quiet

COVER = {"cover_wanted", "cover_asked"}
NIGHT = dt.time(21), dt.time(8)  # the community's own: nobody is asked for help then
NEVER_WENT = {"dropped", "expired"}
STAYS_THOUGH_CANCELLED = {"dropped_out", "given_back", "turn_taken", *COVER}


class Owing:
    """Everything that is owed, and how it comes to be when the rota changes."""

    def __init__(self, *, readers: Iterable[int], organisers: Iterable[int]) -> None:
        self.readers = set(readers)
        self.organisers = list(organisers)
        self.facts = Facts()
        self.owed: list[Owed] = []
        self.wishes: dict[int, Wish] = {}
        self.moved: list[tuple[int, dt.datetime]] = []  # whose hours came or went, and when

    def wish(self, person: int) -> Wish:
        """What somebody chose."""
        return self.wishes.get(person, Wish())

    # ------------------------------------------------------------- what a step makes owed

    def observe(self, facts: Facts, *, now: dt.datetime, doing: str = "") -> None:
        """Take in what a step has changed on the rota, and owe what follows from it at once.

        Args:
            facts: How it stands now.
            now: When.
            doing: `erase` where somebody goes for good, `tick` where somebody is there already.
        """
        before, self.facts = self.facts, facts
        for turn in facts.turns.values():
            self._follow(turn, before.turns.get(turn.id), now, doing)
        for event in before.planned.keys() - facts.planned.keys():
            self._owe_cancelling(event, before, now)
        for claim in facts.looking - before.looking:
            self._owe_call_for_cover(facts.turns[claim], now)
        for claim, became in facts.taken_over.items():
            if claim not in before.taken_over:
                turn = facts.turns[claim]
                self._owe("turn_taken", turn.person, became, due=now, expires=turn.ends)
        freed = {
            was.slot
            for was in before.turns.values()
            if was.state in LIVE and facts.turns[was.id].state not in LIVE
        }
        self._owe_free_places(freed, now)

    def _follow(self, turn: Turn, was: Turn | None, now: dt.datetime, doing: str) -> None:
        """Owe what follows from a change of one turn."""
        self._owe_at_once(turn, was, now, doing)
        is_done, was_done = turn.state == "attended", bool(was and was.state == "attended")
        if is_done and not was_done:
            self._owe_thanks(turn, now)
        if is_done != was_done:
            self.moved.append((turn.person, now))
        if was is None:
            return
        if was.state == "confirmed" and turn.because == "person" != was.because:
            told_at = now if doing == "erase" else min(now + UNDO_LASTS, turn.starts)
            self._owe_giving_back(turn, told_at)
        if was.starts != turn.starts and turn.state in TO_COME:
            self._owe_move(turn, now)

    def erase(self, person: int) -> None:
        """Forget somebody: nothing is owed to them any more, whatever it was."""
        self.readers.discard(person)
        self.organisers = [one for one in self.organisers if one != person]
        self.owed = [one for one in self.owed if one.person != person]

    def undo(self, claim: int) -> None:
        """Nobody is told that a turn was given back which was taken back within minutes."""
        for one in self.owed:
            if one.about == claim and one.kind in {"dropped_out", "given_back"}:
                one.state = "dropped" if one.state == "waiting" else one.state

    def _owe(
        self,
        kind: str,
        person: int,
        about: int,
        *,
        due: dt.datetime,
        expires: dt.datetime,
        starts: dt.datetime | None = None,
    ) -> None:
        if person in self.readers:
            self.owed.append(Owed(kind, person, about, due, expires, starts))

    def _owe_at_once(self, turn: Turn, was: Turn | None, now: dt.datetime, doing: str) -> None:
        """A taken turn is confirmed by mail; a held one asks for a yes, or offers the place."""
        is_new = was is None or was.state == "held"
        if turn.state == "confirmed" and is_new and turn.starts > now and doing != "tick":
            self._owe("you_are_in", turn.person, turn.id, due=now, expires=turn.starts)
        if turn.held_until is not None and was is None and turn.held_until > now:
            kind = {"yes": "confirm_claim", "offered": "place_offered"}[turn.held_for or ""]
            self._owe(kind, turn.person, turn.id, due=now, expires=turn.held_until)

    def _owe_giving_back(self, turn: Turn, told_at: dt.datetime) -> None:
        for one in self.organisers:
            if one != turn.person:
                self._owe("dropped_out", one, turn.id, due=told_at, expires=turn.ends)
        if (turn.person, turn.slot) in self.facts.in_calendar:
            self._owe("given_back", turn.person, turn.id, due=told_at, expires=turn.ends)

    def _owe_move(self, turn: Turn, now: dt.datetime) -> None:
        """Who is told of a move hears nothing of the earlier time any more; news is news again."""

        def is_taken_back(one: Owed) -> bool:
            if one.kind not in {*REMINDED, "event_moved"} or one.about != turn.id:
                return False
            is_old = one.starts != turn.starts and one.state == "waiting"
            return is_old or (one.kind == "event_moved" and one.starts == turn.starts)

        self.owed = [one for one in self.owed if not is_taken_back(one)]
        self._owe(
            "event_moved", turn.person, turn.id, due=now, expires=turn.starts, starts=turn.starts
        )

    def _owe_cancelling(self, event: int, before: Facts, now: dt.datetime) -> None:
        """One word a person, about the first of their turns; nothing else about them is news."""
        turns = [
            turn for turn in before.turns.values() if turn.event == event and turn.state in TO_COME
        ]
        called_off = {turn.id for turn in turns}
        for one in self.owed:
            is_about = one.about in called_off and one.kind not in STAYS_THOUGH_CANCELLED
            if is_about and one.state == "waiting":
                one.state = "dropped"
        told = set[int]()
        for turn in sorted(turns, key=lambda turn: (turn.starts, turn.id)):
            if turn.person not in told:
                told.add(turn.person)
                ends = before.planned[event].ends
                self._owe("event_cancelled", turn.person, turn.id, due=now, expires=ends)

    def _owe_thanks(self, turn: Turn, now: dt.datetime) -> None:
        """Thanks with the hours, once a turn."""
        told = [one for one in self.owed if (one.kind, one.about) == ("hours_credited", turn.id)]
        if all(one.state in NEVER_WENT for one in told):
            self._owe("hours_credited", turn.person, turn.id, due=now, expires=now + 7 * DAY)

    def _owe_free_places(self, slots: Iterable[int], now: dt.datetime) -> None:
        """In the last six hours everybody in line is told once, each time a place comes free."""
        facts = self.facts
        for line, person, slot in facts.lines:
            job = facts.jobs[slot]
            is_soon = now < job.starts <= now + 6 * HOUR and job.event in facts.planned
            if slot not in slots or not is_soon or facts.free(slot) < 1:
                continue
            newest = max(turn.id for turn in facts.turns.values() if turn.slot == slot)
            is_told = any(one.occasion == (line, newest) for one in self.owed)
            is_busy = facts.is_busy(person, job.starts, job.ends)
            if person in self.readers and not is_busy and not is_told:
                free = Owed("place_free", person, None, now, job.starts, slot=slot)
                free.occasion = (line, newest)
                self.owed.append(free)

    def leave_line(self, person: int, slot: int) -> None:
        """Who waits no longer is not told of a place."""
        for one in self.owed:
            if (one.kind, one.person, one.slot) == ("place_free", person, slot):
                one.state = "dropped" if one.state == "waiting" else one.state

    def _owe_call_for_cover(self, turn: Turn, now: dt.datetime) -> None:
        """Those who run it hear once a turn that somebody is wanted for it."""
        told = {one.person for one in self.owed if one.kind in COVER and one.about == turn.id}
        for one in self.organisers:
            if one != turn.person and one not in told:
                self._owe("cover_wanted", one, turn.id, due=now, expires=turn.starts)
        told_at = after_quiet(now, *NIGHT)
        if told_at >= turn.starts:
            return
        for one in self._could_cover(turn) - told:
            self._owe("cover_asked", one, turn.id, due=told_at, expires=turn.starts)

    def _could_cover(self, turn: Turn) -> set[int]:
        """Who did that job before, may be asked, and has time. There are fewer than a dozen."""
        role = self.facts.jobs[turn.slot].role
        did = {
            one.person
            for one in self.facts.turns.values()
            if one.state == "attended" and self.facts.jobs[one.slot].role == role
        }
        return {
            person
            for person in did & self.readers
            if self.wish(person).asking != "none"
            and not self.facts.is_busy(person, turn.starts, turn.ends)
            and not self._holds_place(person, turn.slot)
        }

    def _holds_place(self, person: int, slot: int) -> bool:
        return any(
            (one.person, one.slot) == (person, slot) and one.state in LIVE
            for one in self.facts.turns.values()
        )
