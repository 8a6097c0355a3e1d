"""Which mails there should be: a model in plain Python, written from the docs and the templates.

It is shown what stands on the rota after each step (`Facts`) and what people chose, and says at
each delivery who must get which mail about which turn. Of notices it sees nothing: what is owed,
put off, told along or taken back it finds by itself. `test_delivery_by_chance` compares.

Source: docs/model/notice.md, mail_choice.md, first_turn.md, waiting.md; DESIGN.md section 8.
"""

from __future__ import annotations

import copy
import datetime as dt
from collections.abc import Iterable

from tests.jobs.mail_facts import DAY
from tests.jobs.mail_facts import FAMILY
from tests.jobs.mail_facts import HOUR
from tests.jobs.mail_facts import LIVE
from tests.jobs.mail_facts import MINUTE
from tests.jobs.mail_facts import REMINDED
from tests.jobs.mail_facts import SECOND
from tests.jobs.mail_facts import TO_COME
from tests.jobs.mail_facts import UNDO_LASTS
from tests.jobs.mail_facts import ZONE
from tests.jobs.mail_facts import Facts
from tests.jobs.mail_facts import Mail
from tests.jobs.mail_facts import Owed
from tests.jobs.mail_facts import Turn
from tests.jobs.mail_facts import Wish
from tests.jobs.mail_facts import after_quiet
from tests.jobs.mail_facts import local
from tests.jobs.mail_facts import moments

OF_A_TURN = {
    *REMINDED,
    "confirm_claim",
    "place_offered",
    "you_are_in",
    "event_moved",
    "event_cancelled",
    "what_to_expect",
    "hours_credited",
}
NEEDS_TURN = {*REMINDED, "you_are_in", "event_moved", "what_to_expect"}
NEEDS_HOLD = {"confirm_claim", "place_offered"}
EVEN_IF_CANCELLED = {"event_cancelled", "given_back", "hours_credited", "reminders"}
COVER = {"cover_wanted", "cover_asked"}
NIGHT = dt.time(21), dt.time(8)  # the community's own: nobody is asked for help then
NEVER_WENT = {"dropped", "expired"}


class Model:
    """Everything that is owed, and what has become of it."""

    def __init__(self, *, readers: Iterable[int], organisers: Iterable[int]) -> None:
        self.readers = set(readers)
        self.organisers = list(organisers)
        self.facts = Facts()
        self.owed: list[Owed] = []
        self.wishes: dict[int, Wish] = {}
        self.rest: tuple[int, dt.datetime] | None = None
        self.gathered = set[tuple[int, dt.datetime]]()

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
        freed = set[int]()
        for turn in facts.turns.values():
            was = before.turns.get(turn.id)
            self._owe_at_once(turn, was, now, doing)
            if was and was.state == "confirmed" and turn.because == "person" != was.because:
                told_at = now if doing == "erase" else min(now + UNDO_LASTS, turn.starts)
                self._owe_giving_back(turn, told_at)
            if was and was.starts != turn.starts and turn.state in TO_COME:
                self._owe_move(turn, now)
            if turn.state == "attended" != (was and was.state):
                self._owe_thanks(turn, now)
            if was and was.state in LIVE and turn.state not in LIVE:
                freed.add(turn.slot)
        for event in before.planned.keys() - facts.planned.keys():
            self._owe_cancelling(event, before, now)
        for claim in facts.looking - before.looking:
            self._owe_call_for_cover(facts.turns[claim], now)
        for claim, became in facts.taken_over.items():
            if claim not in before.taken_over:
                turn = facts.turns[claim]
                self._owe("turn_taken", turn.person, became, due=now, expires=turn.ends)
        self._owe_free_places(freed, now)

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

    def _owe(  # noqa: PLR0913
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
            return is_old or one.kind == "event_moved" and one.starts == turn.starts

        self.owed = [one for one in self.owed if not is_taken_back(one)]
        self._owe(
            "event_moved", turn.person, turn.id, due=now, expires=turn.starts, starts=turn.starts
        )

    def _owe_cancelling(self, event: int, before: Facts, now: dt.datetime) -> None:
        """One word a person, about the first of their turns; nothing else about them is news."""
        turns = [
            turn for turn in before.turns.values() if turn.event == event and turn.state in TO_COME
        ]
        for one in self.owed:
            if one.state == "waiting" and one.about in {turn.id for turn in turns}:
                if one.kind not in {"dropped_out", "given_back", *COVER, "turn_taken"}:
                    one.state = "dropped"
        told = set[int]()
        for turn in sorted(turns, key=lambda turn: (turn.starts, turn.id)):
            if turn.person not in told:
                told.add(turn.person)
                ends = before.planned[event]
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
            if not facts.is_busy(person, job.starts, job.ends) and not is_told:
                if person in self.readers:
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

    # ----------------------------------------------------------- what comes to be due

    def plan(self, now: dt.datetime) -> None:
        """What the jobs of each minute owe: first words, reminders, several of them as one."""
        self._owe_free_places(self.facts.jobs, now)
        self._expect(now)
        self._remind(now)
        self._gather(now)

    def _expect(self, now: dt.datetime) -> None:
        """One word before the first turn that somebody ever has."""
        for person in self.readers:
            mine = [turn for turn in self.facts.turns.values() if turn.person == person]
            coming = [
                turn
                for turn in mine
                if turn.state == "confirmed" and now < turn.starts < now + 5 * DAY
            ]
            if not coming or any(turn.state == "attended" for turn in mine):
                continue
            first = min(coming, key=lambda turn: (turn.starts, turn.id))
            day = first.starts.astimezone(ZONE).date()
            at = max(local(day - 3 * DAY, dt.time(10)), first.created + HOUR)
            until = first.starts - 2 * HOUR
            heard = [
                one for one in self.owed if (one.kind, one.person) == ("what_to_expect", person)
            ]
            if any(one.state not in NEVER_WENT or one.about == first.id for one in heard):
                continue
            if at <= now < until:
                self._owe("what_to_expect", person, first.id, due=at, expires=until)

    def _remind(self, now: dt.datetime) -> None:
        """Each reminder whose moment has come, unless they heard of that turn a little before."""
        found = []
        for turn in self.facts.turns.values():
            if turn.state != "confirmed" or not now < turn.starts < now + 9 * DAY:
                continue
            about = [one for one in self.owed if one.about == turn.id and one.kind in OF_A_TURN]
            for kind, at, until, apart in moments(turn):
                heard = any(
                    one.kind != kind
                    and one.state not in NEVER_WENT
                    and (one.first_due or one.due) > at - apart
                    for one in about
                )
                again = any(one.kind == kind and one.starts == turn.starts for one in about)
                is_due = at <= now < until and at > turn.created + apart
                if is_due and kind in self.wish(turn.person).leads and not heard and not again:
                    found.append((kind, turn, at, until))
        for kind, turn, at, until in found:
            self._owe(kind, turn.person, turn.id, due=at, expires=until, starts=turn.starts)

    def _gather(self, now: dt.datetime) -> None:
        """Reminders of one moment come as one mail, where there are several."""
        waiting = [one for one in self.owed if one.kind in REMINDED and one.state == "waiting"]
        groups: dict[tuple[int, dt.datetime], list[Owed]] = {}
        for one in waiting:
            if abs(one.due - now) <= DAY and one.expires > now:
                groups.setdefault((one.person, one.due), []).append(one)
        for (person, due), several in groups.items():
            if len(several) == 1 or (person, due) in self.gathered:
                continue
            self.gathered.add((person, due))
            carrier = Owed("reminders", person, None, due, max(one.expires for one in several))
            self.owed.append(carrier)
            for one in waiting:
                if (one.person, one.due) == (person, due):
                    one.state, one.carrier = "along", carrier

    def expire(self, now: dt.datetime) -> None:
        """What is no longer worth telling is not told."""
        for one in self.owed:
            if one.state == "waiting" and one.expires <= now:
                one.state = "expired"

    # ----------------------------------------------------------------- what must arrive

    def deliver(self, now: dt.datetime, *, is_refused: bool = False) -> list[Mail]:
        """See everything through that is due -> the mails that must arrive now.

        Args:
            now: When.
            is_refused: The mail server takes none of them for now: they wait, longer each time.
        """
        if self._is_resting(now):
            return []
        due = [one for one in self.owed if one.state == "waiting" and one.due <= now < one.expires]
        mails = [mail for one in due if (mail := self._see_through(one, now))]
        if mails:
            self.rest = None
        if not is_refused:
            return mails
        for one in due:
            if one.state == "sent":
                one.state, one.first_due = "waiting", one.first_due or one.due
                one.due = now + 5 * MINUTE * min(1 + one.refusals // 3, 12)
                one.refusals += 1
        return []

    def all_would_leave(self, now: dt.datetime) -> bool:
        """Whether something is due, and nothing of it would be dropped or put off."""
        trial = copy.deepcopy(self)
        due = [
            one for one in trial.owed if one.state == "waiting" and one.due <= now < one.expires
        ]
        return len(due) == len(trial.deliver(now)) > 0

    def find_server_away(self, now: dt.datetime) -> None:
        """All mail rests for five seconds, twice as long each time, for five minutes at most."""
        tries = self.rest[0] if self.rest else 0
        self.rest = (tries + 1, now + min(5 * SECOND * 2**tries, 5 * MINUTE))

    def _is_resting(self, now: dt.datetime) -> bool:
        """Whether the mail server is left alone; not for long, unless the clock was put back."""
        return self.rest is not None and now < self.rest[1] <= now + 30 * MINUTE

    def _see_through(self, one: Owed, now: dt.datetime) -> Mail | None:
        if not self._holds(one, now) or not self._may_come(one, now):
            return None
        if one.slot is not None:
            one.state = "sent"
            return Mail(one.kind, one.person, (), one.slot)
        turns = [one.about] if one.about is not None else self._told(one, now)
        one.state = "sent" if turns else "dropped"
        return Mail(one.kind, one.person, tuple(sorted(turns))) if turns else None

    def _holds(self, one: Owed, now: dt.datetime) -> bool:
        """Whether what it tells is still so; it is dropped otherwise."""
        if one.slot is not None:
            holds = (
                self.facts.jobs[one.slot].event in self.facts.planned
                and bool(self.facts.free(one.slot))
                and not self._holds_place(one.person, one.slot)
            )
        else:
            holds = one.about is None or self._is_so(one, self.facts.turns[one.about], now)
        if not holds:
            one.state = "dropped"
        return holds

    def _is_so(self, one: Owed, turn: Turn, now: dt.datetime) -> bool:
        if one.kind not in EVEN_IF_CANCELLED and turn.event not in self.facts.planned:
            return False
        if one.kind in NEEDS_HOLD:
            return turn.state == "held" and turn.is_live(now)
        if one.kind in NEEDS_TURN and not turn.is_live(now):
            return False
        if one.kind in REMINDED:
            return one.starts == turn.starts
        if one.kind == "hours_credited":
            return turn.state == "attended"
        if one.kind in COVER:
            return turn.id in self.facts.looking
        if one.kind in {"dropped_out", "given_back"}:
            return not self._has_again(turn, LIVE if one.kind == "dropped_out" else LIVE[1:])
        return True

    def _has_again(self, turn: Turn, states: tuple[str, ...]) -> bool:
        return any(
            (other.person, other.slot) == (turn.person, turn.slot)
            and other.id != turn.id
            and other.state in states
            for other in self.facts.turns.values()
        )

    def _may_come(self, one: Owed, now: dt.datetime) -> bool:
        """Whether they want it, and now: else it is dropped, or put off to their own time."""
        wish = self.wish(one.person)
        family = FAMILY.get(one.kind)
        if family is None:
            return True
        if getattr(wish, family) == "none" or one.kind in REMINDED and one.kind not in wish.leads:
            one.state = "dropped"
            return False
        later = wish.not_before(now)
        if later <= now:
            return True
        if later < one.expires:
            one.due, one.first_due = max(later, now + MINUTE), None
            return False
        if family == "turns" and not wish.is_pausing(now):
            return True  # better at night than not at all
        one.state = "dropped"
        return False

    def _told(self, carrier: Owed, now: dt.datetime) -> list[int]:
        """Which turns several reminders in one are about, once each, as far as they hold."""
        leads = self.wish(carrier.person).leads
        told = set[int]()
        for one in self.owed:
            turn = self.facts.turns.get(one.about or 0)
            if one.carrier is carrier and turn and one.kind in leads and turn.starts > now:
                if self._is_so(one, turn, now):
                    told.add(turn.id)
        return list(told)
