"""Rotas as files: read one strictly and say kindly what is wrong with it, or write one.

The format is that of `timebank/data/rotas/*.toml`: the event's own words on top, then `[[jobs]]`,
`[[qualifications]]` that these ask for, and `[[together]]` and `[[never]]` for jobs that one
person may do at the same time, or not on the same date.
"""

from __future__ import annotations

import datetime as dt
import difflib
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import fields
from typing import Any

from timebank.core.errors import Refused
from timebank.core.text import slugify
from timebank.core.text import tidy_line
from timebank.core.text import tidy_text
from timebank.domain.events import jobs
from timebank.domain.events.jobs import PairDraft
from timebank.domain.events.jobs import QualificationDraft
from timebank.domain.events.jobs import RoleDraft
from timebank.models import Frequency
from timebank.models import PairRule
from timebank.models import QualificationKind

LONGEST_FILE = 200_000
MOST_SAID = 20
SCENES = ("park", "party", "litter", "garden", "tea", "books", "lake", "fix")
SEVERAL_LINES = {"description", "instructions"}

Table = dict[str, Any]
# What stands in a file: for each key, the kind of value it takes.
TOP: dict[str, type] = {
    "key": str,
    "name": str,
    "scene": str,
    "description": str,
    "first_timers": str,
    "bring": str,
    "frequency": str,
    "starts_time": dt.time,
    "ends_time": dt.time,
}
LISTS = ("jobs", "qualifications", "together", "never")
JOB: dict[str, type] = {
    "name": str,
    "about": str,
    "instructions": str,
    "bring": str,
    "needed": int,
    "places": int,
    "starts_after_minutes": int,
    "duration_minutes": int,
    "arrive_minutes_before": int,
    "turn_minutes": int,
    "every_minutes": int,
    "one_per": int,
    "minimum_age": int,
    "while_taking_part": bool,
    "newcomer_places": int,
    "newcomer_hours": int,
    "opens_hours_before": int,
    "asks_for": list,
    "trains_for": str,
}
JOB_NEEDS = ("name", "places", "starts_after_minutes", "duration_minutes")
QUALIFICATION: dict[str, type] = {
    "name": str,
    "kind": str,
    "about": str,
    "lasts_months": int,
    "shadow_turns": int,
}
PAIR: dict[str, type] = {"job": str, "with": list}
KINDS = {
    str: "words in quotes",
    int: "a whole number",
    bool: "true or false",
    dt.time: "a time, like 09:00:00",
    list: 'a list of names, like ["Marshal", "Pacer"]',
}


class RotaFileRefused(Refused):
    """This file can't be used as it is.

    `sentences` says everything that is wrong with it; the refusal itself says the first.
    """

    def __init__(self, sentences: list[str]) -> None:
        super().__init__(sentences[0], field="file")
        self.sentences = tuple(sentences[:MOST_SAID])


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadyRota:
    """A kind of event with the jobs it usually needs; `key` stands in addresses."""

    key: str
    name: str
    scene: str
    description: str
    first_timers: str
    bring: str
    frequency: Frequency
    starts_time: dt.time
    ends_time: dt.time
    roles: tuple[RoleDraft, ...]
    pairs: tuple[PairDraft, ...] = ()
    qualifications: tuple[QualificationDraft, ...] = ()


def decode(raw: bytes) -> str:
    """Take the text out of a file.

    Raises:
        RotaFileRefused: It is too long, or not UTF-8.
    """
    if len(raw) > LONGEST_FILE:
        raise RotaFileRefused(["That file is too long for a rota."])
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise RotaFileRefused(["Save the file as UTF-8 text, then try again."]) from None


def read_rota_file(text: str) -> ReadyRota:
    """Read the text of a file.

    Raises:
        RotaFileRefused: With one sentence for each thing that is wrong.
    """
    data = _parse(text)
    said = [*_unknown(data, {**TOP, **dict.fromkeys(LISTS, list)}, "This file")]
    said += _wrong_kinds(data, {**TOP, **dict.fromkeys(LISTS, list)}, "this file")
    tables = {name: _tables(data, name, said) for name in LISTS}
    said += _of_tables(tables)
    if said:
        raise RotaFileRefused(said)
    rota = _rota(data, tables, said)
    for role in rota.roles:
        said += [f"“{role.name}”: {problem.sentence}" for problem in jobs.problems_of(role)]
    said += jobs.problems_between(rota.roles, rota.pairs, rota.qualifications)
    if said:
        raise RotaFileRefused(said)
    return rota


def _parse(text: str) -> Table:
    if len(text) > LONGEST_FILE:
        raise RotaFileRefused(["That file is too long for a rota."])
    try:
        return tomllib.loads(text.replace("\r\n", "\n"))
    except (ValueError, RecursionError) as error:
        line = re.search(r"at line (\d+)", str(error))
        where = f"line {line[1]} of this file" if line else "this file"
        sentence = f"We can’t read {where}. Is there a quote or a bracket missing?"
        raise RotaFileRefused([sentence]) from None


def _unknown(table: Table, known: dict[str, Any], whose: str) -> Iterator[str]:
    for key in table:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            hint = f" Did you mean “{near[0]}”?" if near else ""
            yield f"{whose} says “{key[:60]}”, which we don’t know.{hint}"


def _wrong_kinds(table: Table, known: dict[str, type], whose: str) -> Iterator[str]:
    for key, value in table.items():
        kind = known.get(key)
        if kind is None or key in LISTS:
            continue
        is_kind = isinstance(value, kind) and (kind is bool or not isinstance(value, bool))
        if is_kind and kind is list:
            is_kind = all(isinstance(one, str) for one in value)
        if not is_kind:
            yield f"“{key}” of {whose} is {KINDS[kind]}."


def _tables(data: Table, name: str, said: list[str]) -> list[Table]:
    found = data.get(name, [])
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        said.append(f"Write [[{name}]] in two brackets above each of them.")
        return []
    return found


def _of_tables(tables: dict[str, list[Table]]) -> Iterator[str]:
    shapes = {"jobs": JOB, "qualifications": QUALIFICATION, "together": PAIR, "never": PAIR}
    needs = {"jobs": JOB_NEEDS, "qualifications": ("name", "kind")}
    for name, rows in tables.items():
        for number, row in enumerate(rows, start=1):
            called = row.get("name") or row.get("job")
            whose = f"“{called}”" if isinstance(called, str) else f"[[{name}]] number {number}"
            yield from _unknown(row, shapes[name], whose)
            yield from _wrong_kinds(row, shapes[name], whose)
            for key in needs.get(name, ("job", "with")):
                if key not in row:
                    yield f"{whose} lacks “{key}”."


def _rota(data: Table, tables: dict[str, list[Table]], said: list[str]) -> ReadyRota:
    top = _tidy({key: value for key, value in data.items() if key in TOP})
    name = top.get("name", "")
    starts, ends = top.get("starts_time", dt.time(9)), top.get("ends_time", dt.time(10, 30))
    if ends <= starts:
        said.append("“ends_time” comes before “starts_time”.")
    return ReadyRota(
        key=slugify(top.get("key", "") or name, fallback="rota"),
        name=name,
        scene=_choice(top, "scene", SCENES, "park", said),
        description=top.get("description", ""),
        first_timers=top.get("first_timers", ""),
        bring=top.get("bring", ""),
        frequency=Frequency(_choice(top, "frequency", tuple(Frequency), "weekly", said)),
        starts_time=starts,
        ends_time=ends,
        roles=tuple(_role(row) for row in tables["jobs"]),
        pairs=tuple(_pairs(tables)),
        qualifications=tuple(_qualification(row, said) for row in tables["qualifications"]),
    )


def _choice(
    table: Table, key: str, choices: tuple[str, ...], default: str, said: list[str]
) -> str:
    value = str(table.get(key, default))
    if value in choices:
        return value
    said.append(f"“{key}” is one of: {', '.join(choices)}.")
    return default


def _role(row: Table) -> RoleDraft:
    tidy = _tidy(row)
    asks_for = tuple(dict.fromkeys(tidy_line(name) for name in tidy.pop("asks_for", ())))
    return RoleDraft(**tidy, asks_for=asks_for)


def _pairs(tables: dict[str, list[Table]]) -> Iterator[PairDraft]:
    for rule in PairRule:
        for row in tables[rule.value]:
            for other in row["with"]:
                yield PairDraft(first=tidy_line(row["job"]), second=tidy_line(other), rule=rule)


def _qualification(row: Table, said: list[str]) -> QualificationDraft:
    tidy = _tidy(row)
    name = tidy["name"]
    kind = tidy.pop("kind")
    if kind not in set(QualificationKind):
        said.append(f"“kind” of “{name}” is “check” or “training”.")
        kind = "check"
    for key, most in (("lasts_months", 120), ("shadow_turns", 20)):
        if not 1 <= tidy.get(key, 1) <= most:
            said.append(f"“{key}” of “{name}” is from 1 to {most}.")
    for key, most in (("name", 60), ("about", 300)):
        if len(tidy.get(key, "")) > most:
            said.append(f"“{key}” of “{name[:60]}” has up to {most} letters.")
    if not name:
        said.append("Give each of the [[qualifications]] a name.")
    return QualificationDraft(kind=QualificationKind(kind), **tidy)


def _tidy(row: Table) -> Table:
    """Clean every text: what can't be seen must not be kept either."""
    return {
        key: value
        if not isinstance(value, str)
        else (tidy_text if key in SEVERAL_LINES else tidy_line)(value)
        for key, value in row.items()
    }


def write_rota_file(rota: ReadyRota) -> str:
    """Write a rota as the text of a file, which `read_rota_file` reads back the same."""
    parts = ["\n".join(_line(key, getattr(rota, key)) for key in TOP)]
    parts += [_table("qualifications", one, QUALIFICATION) for one in rota.qualifications]
    parts += [_table("jobs", role, JOB) for role in rota.roles]
    for rule in PairRule:
        by_first: dict[str, list[str]] = {}
        for pair in rota.pairs:
            if pair.rule is rule:
                by_first.setdefault(pair.first, []).append(pair.second)
        parts += [
            f"[[{rule.value}]]\n{_line('job', first)}\n{_line('with', others)}"
            for first, others in by_first.items()
        ]
    return "\n\n".join(parts) + "\n"


def _table(name: str, record: RoleDraft | QualificationDraft, shape: dict[str, type]) -> str:
    """Write one table, without what is as it would be anyhow."""
    usual = {field.name: field.default for field in fields(record)}
    lines = [
        _line(key, value)
        for key in shape
        if (value := getattr(record, key)) != usual[key] or key == "needed"
    ]
    return "\n".join([f"[[{name}]]", *lines])


def _line(key: str, value: object) -> str:
    if isinstance(value, bool):
        return f"{key} = {str(value).lower()}"
    if isinstance(value, list | tuple):
        return f"{key} = [{', '.join(_quoted(str(one)) for one in value)}]"
    if isinstance(value, dt.time):
        return f"{key} = {value.isoformat()}"
    if isinstance(value, int):
        return f"{key} = {value}"
    text = str(value)
    if "\n" in text:
        return f'{key} = """\n{_escaped(text)}"""'
    return f"{key} = {_quoted(text)}"


def _quoted(text: str) -> str:
    return f'"{_escaped(text)}"'


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
