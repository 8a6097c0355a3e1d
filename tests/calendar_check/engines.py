"""Parse .ics files with icalendar(+recurring-ical-events), vobject, ics and libical.

usage: python engines.py FROM TO FILE...   -> JSON [{engine: {...}}, ...] on stdout, one a file
libical is used through ctypes and needs only the runtime (apt-get install libical3).
"""

import ctypes, ctypes.util, datetime as dt, io, json, logging, sys, warnings

warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)
UTC = dt.timezone.utc
PAD = dt.timedelta(days=3)


def enc(t):
    if isinstance(t, dt.datetime):
        if t.tzinfo is None:
            return "floating:" + t.isoformat()
        return t.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return t.isoformat()


def eng_icalendar(raw, lo, hi):
    import icalendar, recurring_ical_events

    cals = icalendar.Calendar.from_ical(raw, multiple=True)
    if len(cals) != 1:
        raise ValueError(f"{len(cals)} VCALENDARs")
    cal = cals[0]
    errors = [str(e) for c in cal.walk() for e in getattr(c, "errors", [])]
    if errors:
        raise ValueError("icalendar property errors: " + "; ".join(errors)[:300])
    occ = []
    for e in recurring_ical_events.of(cal, skip_bad_series=False).between(lo, hi):
        start = e["DTSTART"].dt
        end = (
            e["DTEND"].dt
            if "DTEND" in e
            else (
                start + e["DURATION"].dt
                if "DURATION" in e
                else (start if isinstance(start, dt.datetime) else start + dt.timedelta(days=1))
            )
        )
        occ.append(
            dict(
                uid=str(e["UID"]),
                start=enc(start),
                end=enc(end),
                summary=str(e.get("SUMMARY", "")),
                status=str(e.get("STATUS", "CONFIRMED")),
            )
        )
    return dict(
        version=icalendar.__version__,
        vevents=len(list(cal.walk("VEVENT"))),
        expands=True,
        tz="IANA",
        occurrences=occ,
    )


def eng_vobject(raw, lo, hi):
    import vobject

    # it keeps zones by name from calendar to calendar: each is to be read by its own VTIMEZONE
    vobject.icalendar.__dict__["__tzidMap"].clear()
    cals = list(vobject.readComponents(io.StringIO(raw.decode("utf-8"))))
    if len(cals) != 1:
        raise ValueError(f"{len(cals)} VCALENDARs")
    evs = cals[0].contents.get("vevent", [])
    cals[0].validate(raiseException=True)
    occ = []

    def end_of(e, start):
        if hasattr(e, "dtend"):
            return start + (
                e.dtend.value.replace(tzinfo=None) - e.dtstart.value.replace(tzinfo=None)
                if isinstance(start, dt.datetime)
                else e.dtend.value - e.dtstart.value
            )
        if hasattr(e, "duration"):
            return start + e.duration.value
        return start if isinstance(start, dt.datetime) else start + dt.timedelta(days=1)

    def push(e, start):
        occ.append(
            dict(
                uid=e.uid.value,
                start=enc(start),
                end=enc(end_of(e, start)),
                summary=e.summary.value if hasattr(e, "summary") else "",
                status=e.status.value if hasattr(e, "status") else "CONFIRMED",
            )
        )

    overrides = [e for e in evs if hasattr(e, "recurrence_id")]
    for e in evs:
        if hasattr(e, "recurrence_id"):
            push(e, e.dtstart.value)
            continue
        moved = {enc(o.recurrence_id.value) for o in overrides if o.uid.value == e.uid.value}
        if not (hasattr(e, "rrule") or hasattr(e, "rdate")):
            push(e, e.dtstart.value)
            continue
        rs = e.getrruleset(addRDate=True)
        is_date = not isinstance(e.dtstart.value, dt.datetime)
        tz = None if is_date else e.dtstart.value.tzinfo
        for t in rs:
            if tz is not None and t.tzinfo is None:
                t = t.replace(tzinfo=tz)
            cmp = t if t.tzinfo else t.replace(tzinfo=UTC)
            if cmp > hi:
                break
            v = t.date() if is_date else t
            if cmp >= lo and enc(v) not in moved:
                push(e, v)
    return dict(
        version=getattr(vobject, "VERSION", "0.9.9"),
        vevents=len(evs),
        expands=True,
        tz="VTIMEZONE",
        occurrences=occ,
    )


def eng_ics(raw, lo, hi):
    import ics

    cal = ics.Calendar(raw.decode("utf-8"))
    n = len(cal.events)  # a set keyed by uid: overrides collapse
    return dict(
        version=ics.__version__,
        vevents=None,
        uids=n,
        expands=False,
        tz="VTIMEZONE",
        occurrences=[],
    )


def eng_libical(raw, lo, hi):
    name = ctypes.util.find_library("ical") or "libical.so.3"
    L = ctypes.CDLL(name)
    P, S, I = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int

    class T(ctypes.Structure):  # struct icaltimetype (libical 3.x)
        _fields_ = [
            (f, I)
            for f in ("year", "month", "day", "hour", "minute", "second", "is_date", "is_daylight")
        ] + [("zone", P)]

    class Span(ctypes.Structure):
        _fields_ = [("start", ctypes.c_long), ("end", ctypes.c_long), ("busy", I)]

    def f(n, res, *args):
        fn = getattr(L, n)
        fn.restype, fn.argtypes = res, list(args)
        return fn

    parse = f("icalparser_parse_string", P, S)
    isa = f("icalcomponent_isa", I, P)
    first, nxt = (
        f("icalcomponent_get_first_component", P, P, I),
        f("icalcomponent_get_next_component", P, P, I),
    )
    count_err = f("icalcomponent_count_errors", I, P)
    restr = f("icalrestriction_check", I, P)
    dtstart, dtend = f("icalcomponent_get_dtstart", T, P), f("icalcomponent_get_dtend", T, P)
    recid = f("icalcomponent_get_recurrenceid", T, P)
    uid, summary = f("icalcomponent_get_uid", S, P), f("icalcomponent_get_summary", S, P)
    status, st2s = f("icalcomponent_get_status", I, P), f("icalproperty_status_to_string", S, I)
    as_t = f("icaltime_as_timet_with_zone", ctypes.c_long, T, P)
    from_t = f("icaltime_from_timet_with_zone", T, ctypes.c_long, I, P)
    utc = f("icaltimezone_get_utc_timezone", P)()
    firstp = f("icalcomponent_get_first_property", P, P, I)
    CB = ctypes.CFUNCTYPE(None, P, ctypes.POINTER(Span), P)
    foreach = f("icalcomponent_foreach_recurrence", None, P, T, T, CB, P)
    kind = f("icalcomponent_string_to_kind", I, S)
    pkind = f("icalproperty_string_to_kind", I, S)
    VEVENT, VCAL = kind(b"VEVENT"), kind(b"VCALENDAR")
    RRULE, RDATE = pkind(b"RRULE"), pkind(b"RDATE")
    free = f("icalcomponent_free", None, P)
    root = parse(raw)
    if not root or isa(root) != VCAL:
        raise ValueError("libical: not a single VCALENDAR")
    if count_err(root):
        raise ValueError(f"libical: {count_err(root)} X-LIC-ERROR(s)")
    notes = []
    if not restr(root):  # RFC 5545/5546 restriction tables; leaves X-LIC-ERROR properties behind
        text = (
            f("icalcomponent_as_ical_string", S, P)(root)
            .decode("utf-8", "replace")
            .replace("\r\n ", "")
        )
        notes = sorted(
            {l.split(":", 1)[1].strip() for l in text.splitlines() if l.startswith("X-LIC-ERROR")}
        ) or ["restriction check failed"]
    comps, c = [], first(root, VEVENT)
    while c:
        comps.append(c)
        c = nxt(root, VEVENT)

    def tt(t, zone=None):
        return as_t(t, t.zone or zone or utc)

    def fmt(sec, is_date):
        d = dt.datetime.fromtimestamp(sec, UTC)
        return d.date().isoformat() if is_date else enc(d)

    occ, moved = [], {}
    for c in comps:
        r = recid(c)
        if r.year:
            moved.setdefault(uid(c), set()).add(
                tt(r, dtstart(c).zone)
            )  # get_recurrenceid loses the zone

    def push(c, s, e, is_date, floating):
        v = status(c)
        occ.append(
            dict(
                uid=uid(c).decode(),
                start=("floating:" if floating else "") + fmt(s, is_date),
                end=fmt(e, is_date),
                summary=(summary(c) or b"").decode(),
                status=(st2s(v) or b"CONFIRMED").decode() if v else "CONFIRMED",
            )
        )

    keep = []
    for c in comps:
        s = dtstart(c)
        d, floating = bool(s.is_date), not s.is_date and not s.zone
        if recid(c).year or not (firstp(c, RRULE) or firstp(c, RDATE)):
            push(c, tt(s), tt(dtend(c)), d, floating)
            continue
        seen = set()

        def cb(comp, span, _d, c=c, d=d, seen=seen, floating=floating):
            b, e = span.contents.start, span.contents.end
            if b not in moved.get(uid(c), ()) and b not in seen:
                seen.add(b)
                push(c, b, e, d, floating)

        k = CB(cb)
        keep.append(k)
        foreach(
            c, from_t(int(lo.timestamp()), 0, utc), from_t(int(hi.timestamp()), 0, utc), k, None
        )
    free(root)
    return dict(
        version=name,
        vevents=len(comps),
        expands=True,
        tz="VTIMEZONE",
        notes=notes,
        occurrences=occ,
    )


ENGINES = {
    "icalendar": eng_icalendar,
    "vobject": eng_vobject,
    "ics": eng_ics,
    "libical": eng_libical,
}


def read(raw, lo, hi):
    out = {}
    for name, engine in ENGINES.items():
        try:
            out[name] = {"ok": True, **engine(raw, lo - PAD, hi + PAD)}
        except (ImportError, OSError) as e:
            out[name] = {"ok": None, "error": f"not installed: {e}"}
        except Exception as e:  # noqa: BLE001 - a parser may raise anything
            out[name] = {"ok": False, "error": f"{type(e).__name__}: {e}".split("\n")[0][:300]}
    return out


if __name__ == "__main__":
    lo, hi = (dt.datetime.fromisoformat(x.replace("Z", "+00:00")) for x in sys.argv[1:3])
    json.dump([read(open(path, "rb").read(), lo, hi) for path in sys.argv[3:]], sys.stdout)
