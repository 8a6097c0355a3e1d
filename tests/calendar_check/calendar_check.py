#!/usr/bin/env python3
"""calendar-check: test a published iCalendar feed against independent implementations.

  python calendar_check.py FILE_OR_URL... [--from 2026-01-01] [--to 2027-01-01] [--profile rfc|feed]
                           [--strict] [--ignore CODE,CODE] [--json] [--need-parse 4] [--need-expand 3]

Exit 0: lint clean (warnings allowed unless --strict) and every engine agrees.
Exit 1: a lint error, an engine refused the file, or the occurrence sets differ.
Exit 2: too few engines are installed, or the source cannot be read.
"""

from __future__ import annotations
import argparse, datetime as dt, gzip, json, os, pathlib, subprocess, sys, tempfile, urllib.error, urllib.request
from collections import Counter

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
from lint import lint  # noqa: E402

UTC = dt.timezone.utc
# engines whose expansion counts; ics and ts-ics only vote on "does it parse"
EXPANDERS = ["icalendar", "vobject", "libical", "ical.js", "node-ical"]


class Unreadable(Exception):
    """The source cannot be read at all: exit 2."""


def fetch(url, headers=None, method="GET"):
    url = (
        url.replace("webcal://", "http://")
        if "127.0.0.1" in url or "localhost" in url
        else url.replace("webcal://", "https://")
    )
    req = urllib.request.Request(
        url,
        headers={"User-Agent": "calendar-check/1", "Accept": "text/calendar", **(headers or {})},
        method=method,
    )
    try:
        r = urllib.request.urlopen(req, timeout=30)
        return r.status, r.headers, r.read()
    except urllib.error.HTTPError as e:
        return e.code, e.headers, e.read()
    except (OSError, ValueError) as e:
        raise Unreadable(f"{url}: {e}") from e


def http_lint(url):
    """-> (body, findings). Checks what subscribing clients rely on."""
    out = []
    E = lambda c, m: out.append(("E", c, 0, m))
    W = lambda c, m: out.append(("W", c, 0, m))
    st, h, body = fetch(url)
    if st != 200:
        raise Unreadable(f"{url}: HTTP {st}")
    ct = h.get("Content-Type", "")
    if ct.split(";")[0].strip().lower() != "text/calendar":
        E("http-type", f"Content-Type is {ct!r}, not text/calendar")
    elif "charset=utf-8" not in ct.lower().replace('"', ""):
        E("http-charset", f"Content-Type {ct!r} lacks charset=utf-8")
    if not h.get("ETag"):
        E("http-etag", "no ETag")
    if not h.get("Last-Modified"):
        W("http-lm", "no Last-Modified")
    if not h.get("Cache-Control"):
        W("http-cc", "no Cache-Control")
    if h.get("Set-Cookie"):
        E("http-cookie", "the feed sets a cookie")
    st2, h2, body2 = fetch(url)
    if body2 != body:
        E(
            "http-churn",
            "two GETs in a row return different bytes (a DTSTAMP of 'now'? no 304 is ever possible)",
        )
    if h.get("ETag") and h2.get("ETag") != h.get("ETag"):
        E("http-churn", "ETag changes between two GETs")
    if h.get("ETag"):
        s, hh, b = fetch(url, {"If-None-Match": h["ETag"]})
        if s != 304 or b:
            E(
                "http-304",
                f"If-None-Match with the current ETag gives {s} with {len(b)} bytes, not 304",
            )
        elif not hh.get("ETag"):
            W("http-304", "304 without ETag")
        s, _, _ = fetch(url, {"If-None-Match": "W/" + h["ETag"].removeprefix("W/")})
        if s != 304:
            E(
                "http-304",
                "a weak form of the ETag (what gzip proxies send back) does not give 304",
            )
    if h.get("Last-Modified"):
        s, _, _ = fetch(url, {"If-Modified-Since": h["Last-Modified"]})
        if s != 304:
            E("http-304", f"If-Modified-Since with the current Last-Modified gives {s}, not 304")
    s, hh, b = fetch(url, method="HEAD")
    if s != 200 or b:
        E("http-head", f"HEAD gives {s} with {len(b)} bytes")
    elif hh.get("ETag") != h.get("ETag") or hh.get("Content-Type") != h.get("Content-Type"):
        E("http-head", "HEAD has other ETag or Content-Type than GET")
    s, hh, b = fetch(url, {"Accept-Encoding": "gzip"})
    if hh.get("Content-Encoding") == "gzip":
        if gzip.decompress(b) != body:
            E("http-gzip", "gzip body differs from the identity body")
        if "accept-encoding" not in (hh.get("Vary") or "").lower():
            E("http-gzip", "gzip without Vary: Accept-Encoding")
    elif len(body) > 2000:
        W("http-gzip", f"{len(body)} bytes served without gzip")
    return body, out


def norm(occ, lo, hi):
    """Occurrence multiset, filtered by start (or end, for running events) in the window."""
    c = Counter()
    for o in occ:
        s = o["start"]
        raw = s.removeprefix("floating:")
        t = dt.datetime.fromisoformat(raw.replace("Z", "+00:00"))
        t = t if t.tzinfo else t.replace(tzinfo=UTC)
        if lo <= t < hi:
            c[
                (o["uid"], s, o["end"], o["summary"].strip(), (o["status"] or "CONFIRMED").upper())
            ] += 1
    return c


def main(argv=None):
    ap = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    ap.add_argument("source", nargs="+")
    ap.add_argument("--from", dest="lo", default="2026-01-01")
    ap.add_argument("--to", dest="hi", default="2027-01-01")
    ap.add_argument("--profile", choices=["rfc", "feed"], default="rfc")
    ap.add_argument("--strict", action="store_true", help="warnings fail too")
    ap.add_argument("--need-parse", type=int, default=4)
    ap.add_argument("--need-expand", type=int, default=3)
    ap.add_argument("--ignore", default="", help="comma-separated lint codes to ignore")
    ap.add_argument("--json", action="store_true")
    ap.add_argument("--python", default=os.environ.get("CALENDAR_CHECK_PYTHON", sys.executable))
    a = ap.parse_args(argv)
    lo, hi = (dt.datetime.fromisoformat(x).replace(tzinfo=UTC) for x in (a.lo, a.hi))
    sources = [read(src, a) for src in a.source]
    told = iter(ask([raw for raw, _ in sources if raw is not None], lo, hi, a))
    rc = 0
    for src, (raw, findings) in zip(a.source, sources):
        if raw is None:
            code = 2
            print(
                json.dumps(dict(source=src, exit=2, error=findings))
                if a.json
                else f"== {findings} -> FAIL (exit 2)"
            )
        else:
            code = judge(src, raw, findings, *next(told), lo, hi, a)
        rc = max(rc, code)
    return rc


def read(src, a):
    """-> (bytes, findings), or (None, why it cannot be read)"""
    findings = []
    try:
        if "://" in src:
            raw, findings = http_lint(src)
        else:
            raw = pathlib.Path(src).read_bytes()
    except (OSError, Unreadable) as e:
        return None, str(e)
    return raw, findings + lint(raw, a.profile)


def ask(raws, lo, hi, a):
    """-> for each calendar ({engine: what it read}, findings); each process reads all of them"""
    engines, findings = [{} for _ in raws], []
    with tempfile.TemporaryDirectory() as d:
        files = []
        for number, raw in enumerate(raws):
            files.append(os.path.join(d, f"{number}.ics"))
            pathlib.Path(files[-1]).write_bytes(raw)
        args = [t.strftime("%Y-%m-%dT%H:%M:%SZ") for t in (lo, hi)] + files
        for cmd in ([a.python, str(HERE / "engines.py")], ["node", str(HERE / "engines.mjs")]):
            try:
                p = subprocess.run(
                    cmd + args,
                    capture_output=True,
                    text=True,
                    timeout=180 * max(1, len(files)),
                    env={**os.environ, "TZ": "UTC"},
                )
            except (OSError, subprocess.TimeoutExpired) as e:
                findings.append(("W", "engine", 0, f"{cmd[0]}: {e}"))
                continue
            if p.returncode == 0 and p.stdout:
                for engine, said in zip(engines, json.loads(p.stdout), strict=True):
                    engine.update(said)
            else:
                why = next((l for l in p.stderr.splitlines() if "Error" in l), p.stderr.strip())
                name = os.path.basename(cmd[1])
                findings.append(("W", "engine", 0, f"{name} did not run: {why[:200]}"))
    return [(engine, findings) for engine in engines]


def judge(src, raw, findings, eng, more, lo, hi, a):
    ignore = set(filter(None, a.ignore.split(",")))
    findings = [f for f in findings + more if f[1] not in ignore]
    have = {n: e for n, e in eng.items() if e.get("ok") is not None}
    refused = {n: e["error"] for n, e in have.items() if not e["ok"]}
    good = {n: e for n, e in have.items() if e["ok"]}
    sets = {n: norm(good[n]["occurrences"], lo, hi) for n in EXPANDERS if n in good}
    for n, e in good.items():
        findings += [("W", n, 0, m) for m in e.get("notes", []) if n not in ignore]
    diffs = []
    if sets:
        votes = Counter(frozenset(s.items()) for s in sets.values())
        ref = dict(
            max(
                votes,
                key=lambda k: (votes[k], k == frozenset(sets.get("icalendar", Counter()).items())),
            )
        )
        for n, s in sets.items():
            for o, k in sorted((Counter(ref) - s).items()):
                diffs.append((n, "missing", k, o))
            for o, k in sorted((s - Counter(ref)).items()):
                diffs.append((n, "extra", k, o))
    counts = {e["vevents"] for e in good.values() if e.get("vevents") is not None}
    if len(counts) > 1:
        findings.append(
            (
                "E",
                "count",
                0,
                "engines count different numbers of VEVENTs: "
                + ", ".join(f"{n}={e['vevents']}" for n, e in good.items()),
            )
        )
    errs = [f for f in findings if f[0] == "E" or a.strict]
    rc = 1 if errs or refused or diffs else 0
    if len(have) < a.need_parse or sum(n in have for n in EXPANDERS) < a.need_expand:
        rc = max(rc, 2)
    if a.json:
        print(
            json.dumps(
                dict(
                    source=src,
                    exit=rc,
                    bytes=len(raw),
                    findings=findings,
                    refused=refused,
                    diffs=diffs,
                    engines={
                        n: {k: v for k, v in e.items() if k != "occurrences"}
                        for n, e in eng.items()
                    },
                    occurrences={n: sum(s.values()) for n, s in sets.items()},
                ),
                ensure_ascii=False,
            )
        )
        return rc
    print(f"== {src}: {len(raw)} bytes -> {'OK' if rc == 0 else 'FAIL'} (exit {rc})")
    for n, e in eng.items():
        state = {True: "parsed", False: "REFUSED", None: "absent"}[e["ok"]]
        extra = (
            f"{e.get('vevents', '?')} VEVENTs, {sum(sets[n].values())} occurrences, zones from {e['tz']}"
            if n in sets
            else "parse only"
            if e["ok"]
            else e["error"]
        )
        print(f"   {n:10} {state:8} {extra}")
    for s, c, l, m in sorted(findings, key=lambda f: (f[0], f[2])):
        print(f"   {s} {c:14} line {l:<4} {m}")
    for n, kind, k, o in diffs[:20]:
        print(f"   D {n}: {kind} {'x%d ' % k if k > 1 else ''}{' | '.join(map(str, o))}")
    if len(diffs) > 20:
        print(f"   … {len(diffs) - 20} more differences")
    return rc


if __name__ == "__main__":
    sys.exit(main())
