"""A feed of 10,000 dates, in a database of its own: beside nginx, its memory, and one change.

nginx (Debian's nginx-light, where it is installed; else that figure is left out, plainly) serves
the very same bytes as a file. Both are asked on one connection, in turn.
"""

from __future__ import annotations

import datetime as dt
import shutil
import statistics
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import sqlalchemy as sa
from sqlalchemy.orm import Session

from bench import common
from bench.common import Figure
from bench.common import Server
from bench.common import Stage
from bench.common import Target
from tests import builders
from timebank.adapters.migrations import migrate
from timebank.adapters.processes import start_child
from timebank.core import clock
from timebank.domain.calendar import ahead

FEED = "/calendar/all.ics"
SMALL = "/e/danson-saturday-stroll/calendar.ics"
DATES = 10_000
SERIES = 25
MOST_OF_NGINX = 1.3
MOST_MEMORY = 4.0
OURS = "wsgi:app"
RESET_PEAK = "5"  # written to clear_refs: the peak begins anew (proc(5))
KILO = 1024

# So many series like the first, each on the same days: a borough's year, all in the window.
LIKE_IT = sa.text("""
INSERT INTO series (community_id, group_id, venue_id, slug, title, description, frequency,
                    first_on, starts_time, ends_time, state, created_by)
SELECT community_id, group_id, venue_id, slug || '-' || n, title || ' ' || n, description,
       'daily', first_on, starts_time, ends_time, state, created_by
  FROM series CROSS JOIN generate_series(1, :series) AS n""")
THEIR_DATES = sa.text("""
INSERT INTO event (community_id, series_id, venue_id, occurs_on, starts_at, ends_at)
SELECT community_id, id, venue_id, CURRENT_DATE + n,
       CURRENT_DATE + n * interval '1 day' + interval '9 hours',
       CURRENT_DATE + n * interval '1 day' + interval '10 hours 30 minutes'
  FROM series CROSS JOIN generate_series(1, :days) AS n WHERE frequency = 'daily'""")
A_CHANGE = sa.text("""
UPDATE event SET ends_at = ends_at + interval '1 minute', sequence = sequence + 1,
                 updated_at = now()
 WHERE id = (SELECT max(id) FROM event)""")
ENTRIES = sa.text("SELECT count(*) FROM calendar_entry")

NGINX = """
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
worker_processes 1;
events {{}}
http {{
  access_log off;
  sendfile on;
  tcp_nopush on;
  default_type "text/calendar; charset=utf-8";
  client_body_temp_path {folder};
  proxy_temp_path {folder};
  fastcgi_temp_path {folder};
  uwsgi_temp_path {folder};
  scgi_temp_path {folder};
  server {{
    listen 127.0.0.1:{port};
    root {folder}/files;
  }}
}}
"""


def measure(stage: Stage) -> list[Figure]:
    """Fill a database with 10,000 dates, write them ahead as the job does, and ask for them."""
    with _borough(stage) as (engine, environ):
        written = _write_ahead(engine)
        server = common.start_server(OURS, environ, workers=1)
        try:
            common.wait_for(server, SMALL)
            peak, seconds, body = _first_answer(server)
            figures = [
                Figure(
                    goal=6,
                    what=f"feed of {DATES:,} dates, {len(body) // 1000} KB, joined: peak memory",
                    measured=peak / len(body),
                    unit="times its bytes",
                    most=MOST_MEMORY,
                    detail=f"{peak / 1e6:.0f} MB; {seconds:.2f} s; written ahead by the library"
                    f" in {written:.0f} s",
                ),
                *_beside_nginx(stage, server, body, Path(environ["INSTANCE"])),
                _one_change(engine, server),
            ]
        finally:
            server.stop()
    return figures


@contextmanager
def _borough(stage: Stage) -> Iterator[tuple[sa.Engine, dict[str, str]]]:
    """Build the database beside the town's, so that no other figure changes."""
    address = sa.make_url(stage.environ["DATABASE_URL"])
    admin = sa.create_engine(address, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.exec_driver_sql("CREATE DATABASE borough")
    url = address.set(database="borough").render_as_string(hide_password=False)
    engine = sa.create_engine(url)
    try:
        with engine.connect() as connection:
            migrate(connection)
        with Session(engine) as session:
            tomorrow = clock.now().date() + dt.timedelta(days=1)
            builders.a_walk(session, day=tomorrow)
            session.execute(LIKE_IT, {"series": SERIES})
            session.execute(THEIR_DATES, {"days": DATES // SERIES})
            session.commit()
        yield engine, {**stage.environ, "DATABASE_URL": url}
    finally:
        engine.dispose()
        with admin.connect() as connection:
            connection.exec_driver_sql("DROP DATABASE borough WITH (FORCE)")
        admin.dispose()


def _write_ahead(engine: sa.Engine) -> float:
    """Run what the job runs until nothing is missing -> seconds."""
    begin = time.perf_counter()
    wrote = None
    while wrote is None or wrote.written:
        with Session(engine) as session, session.begin():
            wrote = ahead.write_ahead(session, public_url="http://localhost", now=clock.now())
    seconds = time.perf_counter() - begin
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE")
    return seconds


def _first_answer(server: Server) -> tuple[int, float, bytes]:
    """Ask a process that has kept nothing yet -> by how many bytes it grew, seconds, the feed."""
    (worker,) = server.workers()
    before = worker.memory_info().rss
    Path(f"/proc/{worker.pid}/clear_refs").write_text(RESET_PEAK)
    begin = time.perf_counter()
    body = _ask(server)
    seconds = time.perf_counter() - begin
    return _peak(worker) - before, seconds, body


def _peak(worker: psutil.Process) -> int:
    lines = Path(f"/proc/{worker.pid}/status").read_text().splitlines()
    (peak,) = (line.split()[1] for line in lines if line.startswith("VmHWM:"))
    return int(peak) * KILO


def _ask(server: Server) -> bytes:
    address = f"http://127.0.0.1:{server.port}{FEED}"
    with urllib.request.urlopen(address, timeout=60) as answer:
        body: bytes = answer.read()
    if body.count(b"BEGIN:VEVENT") <= DATES:
        raise RuntimeError(f"the feed does not show {DATES} dates")
    return body


def _beside_nginx(stage: Stage, server: Server, body: bytes, folder: Path) -> list[Figure]:
    nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if nginx is None:
        print("nginx is not installed: the figure beside it is left out")
        return []
    files = folder / "files" / "calendar"
    files.mkdir(parents=True)
    (files / "all.ics").write_bytes(body)
    static = _start_nginx(nginx, folder)
    try:
        common.wait_for(static, FEED)
        asked = {"requests": lambda: [common.request(FEED)], "connections": 1}
        rounds = common.interleave(
            stage,
            {"nginx": Target(server=static, **asked), "ours": Target(server=server, **asked)},
        )
    finally:
        static.stop()
    ours, theirs = (
        1000 / statistics.median(sample.rate for sample in rounds[name])
        for name in ("ours", "nginx")
    )
    return [
        Figure(
            goal=6,
            what=f"feed of {DATES:,} dates on one connection: time",
            measured=1 / common.rate_ratio(rounds, "ours", "nginx"),
            unit="times nginx, the same bytes as a file",
            most=MOST_OF_NGINX,
            detail=f"{ours:.1f} ms beside {theirs:.1f} ms",
        )
    ]


def _start_nginx(program: str, folder: Path) -> Server:
    port = common.free_port()
    settings = folder / "nginx.conf"
    settings.write_text(NGINX.format(folder=folder, port=port))
    arguments = [program, "-p", str(folder), "-e", f"{folder}/nginx.log", "-c", str(settings)]
    return Server(start_child(arguments, log=folder / "nginx.log"), port)


def _one_change(engine: sa.Engine, server: Server) -> Figure:
    """Move one date of ten thousand, and count what was written for whoever asks next."""
    before = _count(engine)
    with engine.begin() as connection:
        connection.execute(A_CHANGE)
    begin = time.perf_counter()
    _ask(server)
    seconds = time.perf_counter() - begin
    return Figure(
        goal=6,
        what=f"one change among {DATES:,} dates",
        measured=_count(engine) - before,
        unit="VEVENT written anew",
        most=1,
        detail=f"the whole feed {seconds:.2f} s later",
    )


def _count(engine: sa.Engine) -> int:
    with engine.connect() as connection:
        return connection.scalar(ENTRIES) or 0
