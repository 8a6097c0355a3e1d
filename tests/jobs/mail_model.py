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
from tests.jobs.mail_facts import USUAL_LEADS
from tests.jobs.mail_facts import ZONE
from tests.jobs.mail_facts import Mail
from tests.jobs.mail_facts import Owed
from tests.jobs.mail_facts import Turn
from tests.jobs.mail_facts import local
from tests.jobs.mail_facts import moments
from tests.jobs.mail_owing import COVER
from tests.jobs.mail_owing import NEVER_WENT
from tests.jobs.mail_weekly import Weeks

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
EVEN_IF_CANCELLED = {"event_cancelled", "given_back", "hours_credited"}


class Model(Weeks):
    """Everything that is owed, what comes to be due, and what becomes of it."""

    def __init__(self, *, readers: Iterable[int], organisers: Iterable[int]) -> None:
        super().__init__(readers=readers, organisers=organisers)
        self.rest: tuple[int, dt.datetime] | None = None
        self.gathered = set[tuple[int, dt.datetime]]()

    # ----------------------------------------------------------- what comes to be due

    def plan(self, now: dt.datetime) -> None:
        """What the jobs of each minute owe: first words, reminders, several of them as one."""
        self._owe_free_places(self.facts.jobs, now)
        self._expect(now)
        self._remind(now)
        self._gather(now)
        self._plan_weekly(now)

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
            if any(self._has_come(one, now) or one.about == first.id for one in heard):
                continue
            if at <= now < until:
                self._owe("what_to_expect", person, first.id, due=at, expires=until)

    def _has_come(self, one: Owed, now: dt.datetime) -> bool:
        """Whether it went out, or is about to, or stands in a weekly mail that does."""
        if one.carrier is None:
            return one.state not in NEVER_WENT
        if one.carrier.state == "waiting":
            turn = self.facts.turns[one.about]
            return turn.state in LIVE and turn.starts > now
        return one.was_told

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
                if is_due and kind in self._leads(turn) and not heard and not again:
                    found.append((kind, turn, at, until))
        for kind, turn, at, until in found:
            self._owe(kind, turn.person, turn.id, due=at, expires=until, starts=turn.starts)

    def _leads(self, turn: Turn) -> frozenset[str]:
        """When somebody is reminded of a turn: as they chose, else as its date says."""
        chosen, date = self.wish(turn.person).leads, self.facts.planned.get(turn.event)
        if chosen is None and date is not None and date.leads is not None:
            return frozenset(date.leads)
        return USUAL_LEADS if chosen is None else chosen

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
        due = self.due(now)
        mails = [mail for one in due if (mail := self._see_through(one, now))]
        if mails:
            self.rest = None
        if not is_refused:
            return mails
        for one in due:
            if one.state == "sent":
                one.state, one.first_due = "waiting", one.first_due or one.due
                one.sent_at = None
                one.due = now + 5 * MINUTE * min(1 + one.refusals // 3, 12)
                one.refusals += 1
        return []

    def due(self, now: dt.datetime) -> list[Owed]:
        """What may go now, in its order: what holds a place first, then what was due first."""
        due = [one for one in self.owed if one.state == "waiting" and one.due <= now < one.expires]
        return sorted(due, key=lambda one: (one.kind not in NEEDS_HOLD, one.due))

    def all_would_leave(self, now: dt.datetime) -> bool:
        """Whether something is due, and nothing of it would be dropped or put off."""
        trial = copy.deepcopy(self)
        due = trial.due(now)
        return len(due) == len(trial.deliver(now)) > 0

    def find_server_away(self, now: dt.datetime) -> None:
        """All mail rests for five seconds, twice as long each time, for five minutes at most."""
        tries = self.rest[0] if self.rest else 0
        self.rest = (tries + 1, now + min(5 * SECOND * 2**tries, 5 * MINUTE))

    def _is_resting(self, now: dt.datetime) -> bool:
        """Whether the mail server is left alone; not for long, unless the clock was put back."""
        return self.rest is not None and now < self.rest[1] <= now + 30 * MINUTE

    def _see_through(self, one: Owed, now: dt.datetime) -> Mail | None:
        if not self._is_true(one, now):
            one.state = "dropped"
        elif self._may_come(one, now):
            mail = self._say(one, now)
            one.state, one.sent_at = ("sent", now) if mail else ("dropped", None)
            return mail
        return None

    def _say(self, one: Owed, now: dt.datetime) -> Mail | None:
        """The mail itself; None: it has nothing to say."""
        if one.kind == "weekly":
            return self._week(one, now)
        if one.slot is not None:
            return Mail(one.kind, one.person, (), one.slot)
        turns = [one.about] if one.about is not None else self._told(one, now)
        return Mail(one.kind, one.person, tuple(sorted(turns))) if turns else None

    def _is_true(self, one: Owed, now: dt.datetime) -> bool:
        """Whether what it tells is still so."""
        if one.slot is not None:
            return (
                self.facts.jobs[one.slot].event in self.facts.planned
                and bool(self.facts.free(one.slot))
                and not self._holds_place(one.person, one.slot)
            )
        return one.about is None or self._is_so(one, self.facts.turns[one.about], now)

    def _is_so(self, one: Owed, turn: Turn, now: dt.datetime) -> bool:
        so = True
        if one.kind in NEEDS_HOLD:
            so = turn.state == "held" and turn.is_live(now)
        elif one.kind in NEEDS_TURN:
            so = turn.is_live(now) and (one.kind not in REMINDED or one.starts == turn.starts)
        elif one.kind == "hours_credited":
            so = turn.state == "attended"
        elif one.kind in COVER:
            so = turn.id in self.facts.looking
        elif one.kind in {"dropped_out", "given_back"}:
            so = not self._has_again(turn)
        return so and (one.kind in EVEN_IF_CANCELLED or turn.event in self.facts.planned)

    def _has_again(self, turn: Turn) -> bool:
        """Whether they have the place after all; a hold is no yes yet."""
        return any(
            (other.person, other.slot) == (turn.person, turn.slot)
            and other.id != turn.id
            and other.state in LIVE[1:]
            for other in self.facts.turns.values()
        )

    def _may_come(self, one: Owed, now: dt.datetime) -> bool:
        """Whether they want it, and now: else it is dropped, told weekly, or put off."""
        wish = self.wish(one.person)
        family = FAMILY.get(one.kind)
        if family is None:
            return True
        how = "mail" if one.kind == "weekly" else getattr(wish, family)
        later = wish.not_before(now)
        if how == "none" or not self._is_their_time(one):
            one.state = "dropped"
        elif later <= now and how == "weekly" and not self._would_miss(one, now):
            self._put_into_weekly(one, now)
        elif later <= now:
            return True
        elif later < one.expires:
            one.due, one.first_due = max(later, now + MINUTE), None
        elif family == "turns" and not wish.is_pausing(now):
            return True  # better at night than not at all
        else:
            one.state = "dropped"
        return False

    def _is_their_time(self, one: Owed) -> bool:
        """Whether it is no reminder, or one of those that they get."""
        return one.kind not in REMINDED or one.kind in self._leads(self.facts.turns[one.about])

    def _put_into_weekly(self, one: Owed, now: dt.datetime) -> None:
        """Keep it; own turns are named in every weekly mail anyway."""
        if one.kind in {*REMINDED, "reminders"}:
            one.state = "dropped"
        else:
            self._keep(one, now)

    def _told(self, carrier: Owed, now: dt.datetime) -> list[int]:
        """Which turns several reminders in one are about, once each, as far as they hold."""
        told = set[int]()
        for one in self.owed:
            turn = self.facts.turns.get(one.about or 0)
            is_wanted = one.carrier is carrier and turn and one.kind in self._leads(turn)
            if turn and is_wanted and turn.starts > now and self._is_so(one, turn, now):
                told.add(turn.id)
        return list(told)
