"""Write the good and the broken fixtures used to test the checker (own emitter, no library).

usage: python make_fixtures.py FOLDER
"""

import pathlib
import sys

D = pathlib.Path(sys.argv[1])
D.mkdir(exist_ok=True)


def fold(line):
    b, out, lim = line.encode(), [], 75
    while len(b) > lim:
        j = lim
        while b[j] & 0xC0 == 0x80:
            j -= 1
        out.append(b[:j])
        b = b[j:]
        lim = 74
    return b"\r\n ".join(out + [b]) + b"\r\n"


def ics(*lines):
    return b"".join(fold(l) for block in lines for l in block.strip().split("\n"))


HEAD = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Example//Timebank 1.0//EN
CALSCALE:GREGORIAN
NAME:Riverside community
X-WR-CALNAME:Riverside community
X-WR-TIMEZONE:Europe/London
REFRESH-INTERVAL;VALUE=DURATION:PT6H
X-PUBLISHED-TTL:PT6H
SOURCE;VALUE=URI:https://example.org/c/riverside.ics
COLOR:seagreen"""
TZ = """BEGIN:VTIMEZONE
TZID:Europe/London
BEGIN:DAYLIGHT
DTSTART:19810329T010000
TZOFFSETFROM:+0000
TZOFFSETTO:+0100
TZNAME:BST
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3
END:DAYLIGHT
BEGIN:STANDARD
DTSTART:19961027T020000
TZOFFSETFROM:+0100
TZOFFSETTO:+0000
TZNAME:GMT
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10
END:STANDARD
END:VTIMEZONE"""


def ev(uid, start, end, summary="Event", extra="", status="CONFIRMED", seq=0):
    return f"""BEGIN:VEVENT
UID:{uid}
DTSTAMP:20260101T120000Z
LAST-MODIFIED:20260101T120000Z
SEQUENCE:{seq}
DTSTART{start}
DTEND{end}
SUMMARY:{summary}
STATUS:{status}
URL:https://example.org/e/{uid.split("@")[0]}
{extra}
END:VEVENT""".replace("\n\n", "\n")


L = ";TZID=Europe/London:"
series = ev(
    "s1@example.org",
    L + "20260307T090000",
    L + "20260307T110000",
    "Riverside run 🏃 – café start",
    "RRULE:FREQ=WEEKLY;BYDAY=SA;UNTIL=20260530T080000Z\nEXDATE" + L + "20260404T090000\n"
    "DESCRIPTION:Briefing 08:40\\; bring a hi-vis\\, please.\\nRota: 3 of 7 roles open. "
    + "Ünïcödé ŝtréét 日本語 " * 6
    + "\nLOCATION:Riverside Park\\, Gate 2\nGEO:51.4545;-2.5879\nCATEGORIES:run,community\nTRANSP:TRANSPARENT",
)
moved = ev(
    "s1@example.org",
    L + "20260411T100000",
    L + "20260411T120000",
    "Riverside run (later start)",
    "RECURRENCE-ID" + L + "20260411T090000",
    seq=1,
)
gone = ev(
    "s1@example.org",
    L + "20260418T090000",
    L + "20260418T110000",
    "CANCELLED: Riverside run",
    "RECURRENCE-ID" + L + "20260418T090000",
    "CANCELLED",
    2,
)
otherday = ev(
    "s1@example.org",
    L + "20260503T090000",
    L + "20260503T110000",
    "Riverside run (Sunday!)",
    "RECURRENCE-ID" + L + "20260502T090000",
    seq=1,
)
monthly = ev(
    "m1@example.org",
    L + "20260210T193000",
    L + "20260210T210000",
    "Committee",
    "RRULE:FREQ=MONTHLY;BYDAY=2TU;COUNT=9",
)
allday = ev("a1@example.org", ";VALUE=DATE:20260501", ";VALUE=DATE:20260504", "May fair")
alldayrec = ev(
    "a2@example.org",
    ";VALUE=DATE:20260601",
    ";VALUE=DATE:20260602",
    "Bin day",
    "RRULE:FREQ=WEEKLY;BYDAY=MO;UNTIL=20260713\nEXDATE;VALUE=DATE:20260622",
)
utc = ev("u1@example.org", ":20260620T100000Z", ":20260620T120000Z", "Online induction")
rdate = ev(
    "r1@example.org",
    L + "20260905T140000",
    L + "20260905T160000",
    "Tea party",
    "RDATE" + L + "20261010T140000,20261107T140000",
)
overnight = ev(
    "n1@example.org",
    L + "20261024T220000",
    L + "20261025T060000",
    "Night shift over the clock change",
)
END = "END:VCALENDAR"
ALL = [series, moved, gone, otherday, monthly, allday, alldayrec, utc, overnight]
W = lambda n, b: (D / n).write_bytes(b)

W("good.ics", ics(HEAD, TZ, *ALL, END))
W(
    "good_expanded.ics",
    ics(
        HEAD,
        TZ,
        *[
            ev(
                f"slot-{i}@example.org",
                L + f"2026{m:02}07T090000",
                L + f"2026{m:02}07T110000",
                f"Marshal\\, run {i}",
            )
            for i, m in enumerate(range(1, 13))
        ],
        END,
    ),
)
W("good_minimal.ics", ics("BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//x//y//EN", utc, END))
good = (D / "good.ics").read_bytes()
W("bad_lf.ics", good.replace(b"\r\n", b"\n"))
W(
    "bad_longline.ics",
    ics(HEAD, TZ, END).replace(b"END:VCALENDAR\r\n", b"")
    + ics(utc).replace(b"END:VEVENT", b"DESCRIPTION:" + b"x" * 90 + b"\r\nEND:VEVENT")
    + ics(END),
)
W("bad_no_vtimezone.ics", ics(HEAD, *ALL, END))
W(
    "bad_wrong_vtimezone.ics",
    ics(
        HEAD,
        TZ.replace("TZOFFSETTO:+0100", "TZOFFSETTO:+0200").replace(
            "TZOFFSETFROM:+0100", "TZOFFSETFROM:+0200"
        ),
        *ALL,
        END,
    ),
)
W(
    "bad_dup_uid.ics",
    ics(HEAD, TZ, utc, utc.replace("100000Z", "140000Z").replace("120000Z", "160000Z", 3), END),
)
W("bad_no_dtstamp.ics", ics(HEAD, utc.replace("DTSTAMP:20260101T120000Z\n", ""), END))
W(
    "bad_local_dtstamp.ics",
    ics(HEAD, utc.replace("DTSTAMP:20260101T120000Z", "DTSTAMP:20260101T120000"), END),
)
W("bad_control_char.ics", ics(HEAD, utc.replace("Online", "On\x07line"), END))
W(
    "bad_unescaped.ics",
    ics(HEAD, utc.replace("SUMMARY:Online induction", "SUMMARY:Tea, cake; and C:\\temp"), END),
)
W(
    "bad_until_local.ics",
    ics(HEAD, TZ, series.replace("UNTIL=20260530T080000Z", "UNTIL=20260530T090000"), END),
)
W(
    "bad_exdate_type.ics",
    ics(
        HEAD,
        TZ,
        series.replace("EXDATE" + L + "20260404T090000", "EXDATE;VALUE=DATE:20260404"),
        END,
    ),
)
W("bad_dtstart_off_rule.ics", ics(HEAD, TZ, series.replace("20260307T", "20260306T"), END))
W("bad_allday_end.ics", ics(HEAD, allday.replace("20260504", "20260501"), END))
W(
    "bad_recid_nomatch.ics",
    ics(
        HEAD,
        TZ,
        series,
        moved.replace(
            "RECURRENCE-ID" + L + "20260411T090000", "RECURRENCE-ID" + L + "20260411T093000"
        ),
        END,
    ),
)
W("bad_truncated.ics", good[: len(good) * 2 // 3])
W("bad_two_calendars.ics", good + good)
W("bad_rdate.ics", ics(HEAD, TZ, rdate, END))
W(
    "bad_refresh.ics",
    ics(
        HEAD.replace("REFRESH-INTERVAL;VALUE=DURATION:PT6H", "REFRESH-INTERVAL:6 hours"), utc, END
    ),
)
W("bad_html.ics", b"<!doctype html><title>Log in</title>\r\n")
