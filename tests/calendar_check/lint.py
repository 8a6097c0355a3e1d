"""RFC 5545/7986 lint on the raw bytes of one iCalendar stream. Stdlib + python-dateutil only.

lint(raw, profile) -> list of (severity, code, line, message); severity is "E" or "W".
profile "feed" adds the project's own policy for published feeds (codes P-..).
"""

from __future__ import annotations
import datetime as dt, re

NAME = re.compile(r"^[A-Za-z0-9-]+$")
LINE = re.compile(
    r'^([A-Za-z0-9-]+)((?:;[A-Za-z0-9-]+=(?:"[^"]*"|[^";:,]*)(?:,(?:"[^"]*"|[^";:,]*))*)*):(.*)$',
    re.S,
)
PARAM = re.compile(r';([A-Za-z0-9-]+)=((?:"[^"]*"|[^";:,]*)(?:,(?:"[^"]*"|[^";:,]*))*)')
DATE, LOCAL, UTCT = (
    re.compile(r"^\d{8}$"),
    re.compile(r"^\d{8}T\d{6}$"),
    re.compile(r"^\d{8}T\d{6}Z$"),
)
DUR = re.compile(r"^[+-]?P(\d+W|(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+S)?)?)$")
TEXT = {
    "SUMMARY",
    "DESCRIPTION",
    "LOCATION",
    "COMMENT",
    "CONTACT",
    "NAME",
    "TZID",
    "TZNAME",
    "UID",
    "X-WR-CALNAME",
    "X-WR-CALDESC",
}
LISTS = {"CATEGORIES", "RESOURCES"}
SINGLE_EVENT = {
    "UID",
    "DTSTAMP",
    "DTSTART",
    "DTEND",
    "DURATION",
    "CLASS",
    "CREATED",
    "DESCRIPTION",
    "GEO",
    "LAST-MODIFIED",
    "LOCATION",
    "ORGANIZER",
    "PRIORITY",
    "SEQUENCE",
    "STATUS",
    "SUMMARY",
    "TRANSP",
    "URL",
    "RECURRENCE-ID",
    "COLOR",
}
SINGLE_CAL = {
    "VERSION",
    "PRODID",
    "CALSCALE",
    "METHOD",
    "UID",
    "LAST-MODIFIED",
    "URL",
    "REFRESH-INTERVAL",
    "SOURCE",
    "COLOR",
    "X-WR-CALNAME",
    "X-WR-TIMEZONE",
    "X-PUBLISHED-TTL",
}
ENUM = {
    "STATUS": {"TENTATIVE", "CONFIRMED", "CANCELLED"},
    "TRANSP": {"OPAQUE", "TRANSPARENT"},
    "CLASS": {"PUBLIC", "PRIVATE", "CONFIDENTIAL"},
}
NEED_VALUE = {
    "REFRESH-INTERVAL": {"DURATION"},
    "SOURCE": {"URI"},
    "CONFERENCE": {"URI"},
    "IMAGE": {"URI", "BINARY"},
}
URIISH = {"URL", "SOURCE"}


class Prop:
    __slots__ = ("name", "params", "value", "line")

    def __init__(self, name, params, value, line):
        self.name, self.params, self.value, self.line = name, params, value, line


class Comp:
    def __init__(self, name, line):
        self.name, self.line, self.props, self.subs = name, line, [], []

    def all(self, n):
        return [p for p in self.props if p.name == n]

    def one(self, n):
        return next((p for p in self.props if p.name == n), None)


def parse_dt(p):
    """-> ('date'|'utc'|'local'|None, naive datetime or date)"""
    v = p.value
    try:
        if p.params.get("VALUE", "").upper() == "DATE":
            return (
                ("date", dt.datetime.strptime(v, "%Y%m%d").date())
                if DATE.match(v)
                else (None, None)
            )
        if UTCT.match(v):
            return "utc", dt.datetime.strptime(v, "%Y%m%dT%H%M%SZ")
        if LOCAL.match(v):
            return "local", dt.datetime.strptime(v, "%Y%m%dT%H%M%S")
    except ValueError:
        pass
    return None, None


def lint(raw: bytes, profile: str = "rfc"):
    out: list[tuple[str, str, int, str]] = []
    E = lambda c, l, m: out.append(("E", c, l, m))
    W = lambda c, l, m: out.append(("W", c, l, m))
    # ---------------------------------------------------------------- bytes
    if raw.startswith(b"\xef\xbb\xbf"):
        E("bom", 1, "starts with a UTF-8 byte-order mark")
        raw = raw[3:]
    if not raw.startswith(b"BEGIN:VCALENDAR"):
        E("begin", 1, "stream does not start with BEGIN:VCALENDAR")
    if not raw.endswith(b"END:VCALENDAR\r\n"):
        E(
            "end",
            raw.count(b"\n") + 1,
            "stream does not end with END:VCALENDAR CRLF (nothing may follow)",
        )
    bare = re.findall(rb"(?<!\r)\n|\r(?!\n)", raw)
    if bare:
        E("crlf", 1, f"{len(bare)} line ending(s) are not CRLF")
    lines = re.split(rb"\r\n|\n|\r", raw)
    if lines and lines[-1] == b"":
        lines.pop()
    for i, l in enumerate(lines, 1):
        if len(l) > 75:
            E("fold", i, f"physical line has {len(l)} octets (limit 75)")
        if not l:
            E("blank", i, "blank line")
        bad = [b for b in l if (b < 32 and b != 9) or b == 127]
        if bad:
            E("ctrl", i, "control character 0x%02x" % bad[0])
        try:
            l.decode("utf-8")
        except UnicodeDecodeError:
            W(
                "split-utf8",
                i,
                "physical line is not UTF-8 by itself: a fold splits a character, or the bytes are not UTF-8",
            )
    unfolded, cur, start = [], b"", 1
    for i, l in enumerate(lines, 1):
        if l[:1] in (b" ", b"\t"):
            cur += l[1:]
        else:
            if cur:
                unfolded.append((start, cur))
            cur, start = l, i
    if cur:
        unfolded.append((start, cur))
    # ---------------------------------------------------------------- structure
    root, stack = None, []
    for n, l in unfolded:
        try:
            s = l.decode("utf-8")
        except UnicodeDecodeError:
            E("utf8", n, "content line is not UTF-8")
            s = l.decode("utf-8", "replace")
        m = LINE.match(s)
        if not m:
            E("syntax", n, f"not a content line: {s[:60]!r}")
            continue
        name, value = m[1].upper(), m[3]
        params = {}
        for k, v in PARAM.findall(m[2]):
            if k.upper() in params:
                E("param-dup", n, f"{name}: parameter {k} twice")
            params[k.upper()] = v.strip('"') if v.count('"') == 2 and "," not in v else v
        if name == "BEGIN":
            c = Comp(value.upper(), n)
            if stack:
                stack[-1].subs.append(c)
            elif root is not None:
                E("multi", n, "more than one VCALENDAR in the stream")
            else:
                root = c
            stack.append(c)
        elif name == "END":
            if not stack or stack[-1].name != value.upper():
                E(
                    "nesting",
                    n,
                    f"END:{value} does not close {stack[-1].name if stack else 'anything'}",
                )
            if stack:
                stack.pop()
        elif not stack:
            E("outside", n, f"{name} outside a component")
        else:
            stack[-1].props.append(Prop(name, params, value, n))
    if stack:
        E("nesting", stack[-1].line, f"{stack[-1].name} is never closed")
    if root is None or root.name != "VCALENDAR":
        E("root", 1, "no VCALENDAR")
        return out
    # ---------------------------------------------------------------- every property
    tzids = {}

    def each(c):
        yield c
        for s in c.subs:
            yield from each(s)

    for c in each(root):
        for p in c.props:
            if p.name in TEXT or p.name in LISTS or p.params.get("VALUE", "").upper() == "TEXT":
                v = p.value
                if re.search(r"\\(?![\\;,nN])", v):
                    E("escape", p.line, f"{p.name}: backslash not followed by one of \\ ; , n")
                plain = re.sub(r"\\.", "", v)
                if ";" in plain and not p.name.startswith("X-"):
                    E("escape", p.line, f"{p.name}: unescaped semicolon")
                if "," in plain and p.name in TEXT and not p.name.startswith("X-"):
                    E("escape", p.line, f"{p.name}: unescaped comma")
                if p.name.startswith("X-WR-") and re.search(r"[,;]", plain):
                    W(
                        "x-escape",
                        p.line,
                        f"{p.name}: raw comma or semicolon (clients treat the value as TEXT)",
                    )
            if (
                p.name in NEED_VALUE
                and p.params.get("VALUE", "").upper() not in NEED_VALUE[p.name]
            ):
                E(
                    "value-param",
                    p.line,
                    f"{p.name} needs ;VALUE={'|'.join(sorted(NEED_VALUE[p.name]))} (RFC 7986)",
                )
            if p.name in ("REFRESH-INTERVAL", "X-PUBLISHED-TTL", "DURATION") and (
                not DUR.match(p.value) or p.value in ("P", "PT")
            ):
                E("duration", p.line, f"{p.name}: bad duration {p.value!r}")
            if p.name in URIISH and not re.match(r"^[A-Za-z][A-Za-z0-9+.-]*:\S+$", p.value):
                E("uri", p.line, f"{p.name}: not an absolute URI")
            if p.name in ENUM and c.name == "VEVENT" and p.value.upper() not in ENUM[p.name]:
                E("enum", p.line, f"{p.name}:{p.value} is not one of {sorted(ENUM[p.name])}")
            if p.name in ("SEQUENCE", "PRIORITY", "REPEAT") and not re.match(
                r"^\d{1,10}$", p.value
            ):
                E("int", p.line, f"{p.name}: not a non-negative integer")
            if p.name == "SEQUENCE" and p.value.isdigit() and int(p.value) > 2147483647:
                E("int", p.line, "SEQUENCE above 2147483647 (RFC 5545 3.3.8)")
            if p.name == "GEO":
                g = p.value.split(";")
                try:
                    assert len(g) == 2 and abs(float(g[0])) <= 90 and abs(float(g[1])) <= 180
                except (ValueError, AssertionError):
                    E("geo", p.line, f"GEO: {p.value!r} is not lat;lon")
            if p.name in ("DTSTAMP", "CREATED", "LAST-MODIFIED", "COMPLETED") and (
                not UTCT.match(p.value) or "TZID" in p.params
            ):
                E("utc", p.line, f"{p.name} must be a UTC date-time (…Z, no TZID)")
            if p.name in (
                "DTSTART",
                "DTEND",
                "RECURRENCE-ID",
                "EXDATE",
                "RDATE",
            ) and c.name not in ("STANDARD", "DAYLIGHT"):
                tz = p.params.get("TZID")
                if tz is not None:
                    tzids.setdefault(tz, p.line)
                for v in p.value.split(","):
                    k, _ = parse_dt(Prop(p.name, p.params, v.split("/")[0], p.line))
                    if k is None:
                        E(
                            "dt",
                            p.line,
                            f"{p.name}: bad value {v!r} (VALUE={p.params.get('VALUE', 'DATE-TIME')})",
                        )
                    elif k == "utc" and tz:
                        E("dt", p.line, f"{p.name}: TZID on a UTC value")
                    elif k == "date" and tz:
                        E("dt", p.line, f"{p.name}: TZID on a DATE value")
                    elif k == "local" and not tz:
                        W(
                            "floating",
                            p.line,
                            f"{p.name} is floating time (Outlook and Google treat it differently)",
                        )
    # ---------------------------------------------------------------- VCALENDAR
    for n in ("VERSION", "PRODID"):
        if len(root.all(n)) != 1:
            E("cal-req", root.line, f"VCALENDAR needs exactly one {n}, has {len(root.all(n))}")
    if root.one("VERSION") and root.one("VERSION").value != "2.0":
        E("version", root.one("VERSION").line, "VERSION is not 2.0")
    for n in SINGLE_CAL:
        if len(root.all(n)) > 1:
            E("cal-dup", root.all(n)[1].line, f"VCALENDAR has {n} more than once")
    method = root.one("METHOD")
    if (
        method
        and method.value.upper() == "PUBLISH"
        and any(not s.one("ORGANIZER") for s in root.subs if s.name == "VEVENT")
    ):
        W(
            "publish-org",
            method.line,
            "METHOD:PUBLISH makes ORGANIZER mandatory in every VEVENT (RFC 5546 3.2.1): add it or leave METHOD out",
        )
    if method and method.value.upper() != "PUBLISH" and profile == "feed":
        E("method", method.line, f"METHOD:{method.value} in a published feed")
    # ---------------------------------------------------------------- VTIMEZONE
    zones = {}
    for z in [s for s in root.subs if s.name == "VTIMEZONE"]:
        t = z.one("TZID")
        if not t:
            E("tz", z.line, "VTIMEZONE without TZID")
            continue
        if t.value in zones:
            E("tz-dup", z.line, f"two VTIMEZONEs for {t.value}")
        zones[t.value] = z
        if not any(s.name in ("STANDARD", "DAYLIGHT") for s in z.subs):
            E("tz", z.line, f"VTIMEZONE {t.value} has neither STANDARD nor DAYLIGHT")
        for s in z.subs:
            for n in ("DTSTART", "TZOFFSETFROM", "TZOFFSETTO"):
                if len(s.all(n)) != 1:
                    E("tz", s.line, f"{s.name} in {t.value} needs exactly one {n}")
            d = s.one("DTSTART")
            if d and not LOCAL.match(d.value):
                E("tz", d.line, f"{s.name} DTSTART must be a local date-time")
    for t, l in tzids.items():
        if t not in zones:
            E("tz-missing", l, f"TZID={t} has no VTIMEZONE")
    for t, z in zones.items():
        if t not in tzids:
            W("tz-unused", z.line, f"VTIMEZONE {t} is not used")
    # ---------------------------------------------------------------- VEVENT
    seen, masters = {}, {}
    events = [s for s in root.subs if s.name == "VEVENT"]
    if not events:
        W(
            "empty",
            root.line,
            "no VEVENT (RFC 5545 wants at least one component; most clients accept it)",
        )
    for e in events:
        for n in ("UID", "DTSTAMP"):
            if len(e.all(n)) != 1:
                E("ev-req", e.line, f"VEVENT needs exactly one {n}, has {len(e.all(n))}")
        for n in SINGLE_EVENT:
            if len(e.all(n)) > 1:
                E("ev-dup", e.all(n)[1].line, f"VEVENT has {n} more than once")
        u, s, en, du = (e.one(n) for n in ("UID", "DTSTART", "DTEND", "DURATION"))
        rid, rr = e.one("RECURRENCE-ID"), e.all("RRULE")
        if u and not u.value:
            E("uid", u.line, "empty UID")
        if u and len(u.value) > 255:
            W("uid", u.line, "UID longer than 255 octets (RFC 7986 5.3 / Exchange limit)")
        if not s:
            if not method:
                E("ev-req", e.line, "VEVENT without DTSTART")
            continue
        k, sv = parse_dt(s)
        if en and du:
            E("ev-end", en.line, "both DTEND and DURATION")
        if en:
            k2, ev = parse_dt(en)
            if k and k2 and (k == "date") != (k2 == "date"):
                E("ev-end", en.line, "DTEND and DTSTART have different value types")
            elif (
                k and k2 and k == k2 and s.params.get("TZID") == en.params.get("TZID") and ev <= sv
            ):
                E(
                    "ev-end",
                    en.line,
                    "DTEND is not after DTSTART"
                    + (" (DTEND of an all-day event is exclusive)" if k == "date" else ""),
                )
        key = (u.value if u else None, _inst(rid) if rid else None)
        if key in seen:
            E(
                "uid-dup",
                e.line,
                f"second VEVENT with UID {key[0]}"
                + (f" and RECURRENCE-ID {rid.value}" if rid else "")
                + f" (first at line {seen[key]})",
            )
        seen.setdefault(key, e.line)
        if not rid and u:
            masters[u.value] = e
        if rid and rr:
            E("rid", rr[0].line, "RRULE in an override (RECURRENCE-ID) component")
        if len(rr) > 1:
            W("rrule", rr[1].line, "more than one RRULE (SHOULD NOT)")
        for r in e.all("RDATE"):
            W(
                "rdate",
                r.line,
                "RDATE: node-ical drops it, ical.js drops DTSTART beside it, libical 3.0 misreads its TZID; write separate VEVENTs",
            )
        for r in rr:
            _rrule(r, s, k, E, W)
        for a in e.subs:
            if a.name != "VALARM":
                continue
            act = a.one("ACTION")
            if not act or not a.one("TRIGGER"):
                E("alarm", a.line, "VALARM needs ACTION and TRIGGER")
            elif act.value.upper() == "DISPLAY" and not a.one("DESCRIPTION"):
                E("alarm", a.line, "DISPLAY alarm needs DESCRIPTION")
            elif act.value.upper() == "EMAIL" and not (
                a.one("DESCRIPTION") and a.one("SUMMARY") and a.one("ATTENDEE")
            ):
                E("alarm", a.line, "EMAIL alarm needs DESCRIPTION, SUMMARY and ATTENDEE")
            if profile == "feed":
                W("P-alarm", a.line, "alarm in a published feed")
        if profile == "feed":
            for n in ("LAST-MODIFIED", "SEQUENCE", "SUMMARY", "STATUS", "URL"):
                if not e.one(n):
                    W("P-" + n.lower(), e.line, f"feed policy: VEVENT without {n}")
            if not en and not du:
                W("P-end", e.line, "feed policy: VEVENT without DTEND or DURATION")
            if e.all("ATTENDEE"):
                W(
                    "P-attendee",
                    e.line,
                    "feed policy: ATTENDEE leaks people and makes clients treat it as an invitation",
                )
    # overrides, EXDATE and RDATE against their master
    for e in events:
        u, rid = e.one("UID"), e.one("RECURRENCE-ID")
        if not u:
            continue
        m = masters.get(u.value)
        if rid and m is None:
            W(
                "orphan",
                rid.line,
                f"override without a master for UID {u.value} (legal; some clients drop it)",
            )
        for p in ([rid] if rid and m else []) + e.all("EXDATE"):
            base = (m if p is rid else e).one("DTSTART")
            if base is None:
                continue
            kb, kp = (
                parse_dt(base)[0],
                parse_dt(Prop(p.name, p.params, p.value.split(",")[0], p.line))[0],
            )
            if kb and kp and (kb == "date") != (kp == "date"):
                E(
                    "rid-type",
                    p.line,
                    f"{p.name} has another value type than the series' DTSTART: it will match nothing",
                )
            elif p.params.get("TZID") != base.params.get("TZID"):
                W(
                    "rid-tz",
                    p.line,
                    f"{p.name} is not in the series' own TZID form (some clients compare text)",
                )
            owner = m if p is rid else e
            inst = _instances(owner)
            if inst is not None and kb == kp:
                for v in p.value.split(","):
                    _, t = parse_dt(Prop(p.name, p.params, v, p.line))
                    if (
                        t is not None
                        and p.params.get("TZID") == base.params.get("TZID")
                        and t not in inst
                    ):
                        W("rid-nomatch", p.line, f"{p.name} {v} is not an instance of the series")
    if profile == "feed":
        for n in ("X-WR-CALNAME", "NAME", "REFRESH-INTERVAL", "X-PUBLISHED-TTL"):
            if not root.one(n):
                W("P-" + n.lower(), root.line, f"feed policy: VCALENDAR without {n}")
    return out


def _inst(p):
    return (p.params.get("TZID"), p.value)


def _rrule(r, s, kind, E, W):
    parts = {}
    for x in r.value.split(";"):
        k, _, v = x.partition("=")
        if not v or k.upper() in parts:
            E("rrule", r.line, f"RRULE: bad or repeated part {x!r}")
        parts[k.upper()] = v
    if parts.get("FREQ", "").upper() not in (
        "SECONDLY",
        "MINUTELY",
        "HOURLY",
        "DAILY",
        "WEEKLY",
        "MONTHLY",
        "YEARLY",
    ):
        E("rrule", r.line, "RRULE without a valid FREQ")
        return
    if "COUNT" in parts and "UNTIL" in parts:
        E("rrule", r.line, "RRULE has both COUNT and UNTIL")
    u = parts.get("UNTIL")
    if u:
        want = {"date": (DATE, "a DATE"), "local": (LOCAL, "local"), "utc": (UTCT, "UTC")}.get(
            kind
        )
        if kind == "local" and "TZID" in s.params:
            want = (UTCT, "UTC, since DTSTART has a TZID")
        if want and not want[0].match(u):
            E("until", r.line, f"RRULE UNTIL={u} must be {want[1]}")
    if "COUNT" not in parts and not u:
        W("rrule-inf", r.line, "RRULE without UNTIL or COUNT (endless)")
    try:
        from dateutil.rrule import rrulestr

        _, d = parse_dt(s)
        d0 = d if isinstance(d, dt.datetime) else dt.datetime(d.year, d.month, d.day)
        rule = ";".join(f"{k}={v}" for k, v in parts.items() if k != "UNTIL")
        first = next(iter(rrulestr(rule, dtstart=d0)), None)
        if first != d0:
            E(
                "rrule-start",
                r.line,
                f"DTSTART does not match the RRULE (first match {first}); clients disagree on the count",
            )
    except Exception as x:  # noqa: BLE001
        E("rrule", r.line, f"RRULE not understood: {x}")


def _instances(e, limit=5000):
    """local instances of a simple one-RRULE series (without UNTIL check), or None"""
    s, rr = e.one("DTSTART"), e.all("RRULE")
    if s is None or len(rr) != 1 or e.all("RDATE"):
        return None
    k, d = parse_dt(s)
    if k is None:
        return None
    try:
        from dateutil.rrule import rrulestr

        rule = ";".join(x for x in rr[0].value.split(";") if not x.upper().startswith("UNTIL="))
        d0 = d if k != "date" else dt.datetime(d.year, d.month, d.day)
        got = set()
        for i, t in enumerate(rrulestr(rule, dtstart=d0)):
            if i >= limit:
                break
            got.add(t.date() if k == "date" else t)
        return got
    except Exception:  # noqa: BLE001
        return None
