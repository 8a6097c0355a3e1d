"""Fetching an address: only public ones, only what was looked at, never long and never much."""

from __future__ import annotations

import socket
import time

import pytest

from tests.incoming import a_calendar
from tests.incoming import serving
from timebank.adapters import fetching
from timebank.adapters.fetching import fetch

BODY = a_calendar()
PUBLIC = "93.184.215.14"
AT_ONCE_SECONDS = 2.0


def leads_to(*numbers):
    return lambda _host, _port: list(numbers)


def here(address, **more):
    return fetch(address, is_local_allowed=True, **more)


def redirecting(location):
    def answer(handler):
        handler.send_response(302)
        handler.send_header("Location", location)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return answer


@pytest.mark.parametrize(
    "number",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
        "0.0.0.1", "224.0.0.1", "255.255.255.255", "240.0.0.1", "192.0.2.1", "198.18.0.1",
        "::1", "::", "fc00::1", "fec0::1", "fe80::1", "fe80::1%eth0", "ff02::1", "::ffff:10.0.0.1",
        "::ffff:93.184.215.14", "64:ff9b::a00:1", "2002:a00:1::", "2001:0:a00:1::", "::10.0.0.1",
    ],
)  # fmt: skip
def test_a_name_that_leads_into_a_network_is_refused_before_anybody_is_asked(number):
    with pytest.raises(fetching.NotAllowedThere):
        fetch("https://calendar.example/a.ics", look_up=leads_to(number))
    with pytest.raises(
        fetching.NotAllowedThere
    ):  # one public number beside it makes no difference
        fetch("https://calendar.example/a.ics", look_up=leads_to(PUBLIC, number))


@pytest.mark.parametrize(
    "address",
    ["http://127.0.0.1/", "http://2130706433/", "http://0x7f.1/", "http://[::1]/",
     "http://[::ffff:127.0.0.1]/", "http://localhost/", "webcal://127.1/"],
)  # fmt: skip
def test_however_this_machine_is_written_it_is_not_asked(address):
    with pytest.raises((fetching.NotAllowedThere, fetching.NotFoundThere)):
        fetch(address)


@pytest.mark.parametrize("port", [22, 25, 5432, 6379, 8080])
def test_other_ports_are_not_asked(port):
    with pytest.raises(fetching.NotAllowedThere):
        fetch(f"http://calendar.example:{port}/", look_up=leads_to(PUBLIC))


@pytest.mark.parametrize(
    "address",
    ["", "hello", "file:///etc/passwd", "ftp://a.example/", "gopher://a.example/", "//a.example/",
     "http://", "http:///a", "http://a b/", "http://u:p@a.example/", "http://a.example\\@b/",
     "http://a.example/\r\nX: y", "http://a.example/\x00", "http://a.example:99999/", "http://[::1/",
     "https://a.example/" + "x" * 1000, "http://" + "a" * 70 + ".example/"],
)  # fmt: skip
def test_what_is_no_address_is_told(address):
    with pytest.raises(fetching.NoAddress):
        fetch(address, look_up=leads_to(PUBLIC))


def test_webcal_is_asked_by_https():
    assert fetching.tidy_address("webcal://a.example/b.ics#c") == "https://a.example/b.ics"
    assert fetching.host_of("https://a.example/secret.ics") == "a.example"


def test_the_name_is_looked_up_once_and_the_connection_goes_to_that_very_number():
    asked = []

    def look_up(host, port):
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["127.0.0.9"]

    with serving(BODY) as server:
        port = server.address.rpartition(":")[2]
        found = here(f"http://rebinding.example:{port}/ü?q=ö", look_up=look_up)
        path, headers = server.asked[0]
    assert (found.body, asked) == (BODY, ["rebinding.example"])
    assert (path, headers["Host"]) == ("/%C3%BC?q=%C3%B6", f"rebinding.example:{port}")
    assert "Cookie" not in headers


def test_a_redirect_is_looked_at_like_an_address(monkeypatch):
    inside = redirecting("http://inside.example/latest/meta-data")
    with serving(answer=inside) as server:
        port = int(server.address.rpartition(":")[2])
        numbers = {"a.example": [PUBLIC], "inside.example": ["169.254.169.254"]}
        real = socket.create_connection
        # The public number answers here; everything else is as it is.
        monkeypatch.setattr(
            socket, "create_connection", lambda _to, timeout: real(("127.0.0.1", port), timeout)
        )
        with pytest.raises(fetching.NotAllowedThere):
            fetch("http://a.example/", look_up=lambda host, _port: numbers[host])
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    "location", ["file:///etc/passwd", "ftp://a.example/", "http://u@a.example/", "\\\\a"]
)
def test_a_redirect_to_what_is_no_address_is_refused(location):
    with (
        serving(answer=redirecting(location)) as server,
        pytest.raises((fetching.NoAddress, fetching.TooManyRedirects)),
    ):
        here(server.address)


def test_three_redirects_are_followed_and_no_more():
    def answer(handler):
        step = int(handler.path[1:])
        if step < last:
            redirecting(f"/{step + 1}")(handler)
            return
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(BODY)))
        handler.end_headers()
        handler.wfile.write(BODY)

    with serving(answer=answer) as server:
        last = 3
        assert here(f"{server.address}/0").body == BODY
        last = 4
        with pytest.raises(fetching.TooManyRedirects):
            here(f"{server.address}/0")


def sends(*pieces, headers=(), pause=0.0):
    def answer(handler):
        handler.send_response(200)
        for name, value in headers:
            handler.send_header(name, value)
        handler.end_headers()
        for piece in pieces:
            handler.wfile.write(piece)
            handler.wfile.flush()
            time.sleep(pause)
        handler.close_connection = True

    return answer


def test_a_megabyte_is_enough_whether_it_is_announced_or_not():
    a_lot = [b"x" * 100_000] * 1000
    for headers in ([("Content-Length", str(100_000_000))], []):
        with serving(answer=sends(*a_lot, headers=headers)) as server:
            started = time.monotonic()
            with pytest.raises(fetching.AnswerTooLong):
                here(server.address)
            assert time.monotonic() - started < AT_ONCE_SECONDS


def test_nothing_is_unpacked():
    with (
        serving(answer=sends(b"", headers=[("Content-Encoding", "gzip")])) as server,
        pytest.raises(fetching.NotServed),
    ):
        here(server.address)


def test_a_server_that_sends_a_letter_at_a_time_is_cut_off(monkeypatch):
    monkeypatch.setattr(fetching, "ALL_SECONDS", 0.5)
    dripping = [b"x"] * 100
    for answer in (
        sends(*dripping, pause=0.05),
        lambda handler: [
            (handler.wfile.write(one), handler.wfile.flush(), time.sleep(0.05))
            for one in (b"H", b"T", b"T", b"P", *[b"/"] * 100)
        ],
        lambda _handler: time.sleep(3),
    ):
        with serving(answer=answer) as server:
            started = time.monotonic()
            with pytest.raises(fetching.NoAnswer):
                here(server.address)
            assert time.monotonic() - started < AT_ONCE_SECONDS


def test_a_slow_and_honest_server_is_waited_for():
    pieces = [BODY[start : start + 20] for start in range(0, len(BODY), 20)]
    length = [("Content-Length", str(len(BODY)))]
    with serving(answer=sends(*pieces, headers=length, pause=0.2)) as server:
        assert here(server.address).body == BODY


def test_an_answer_that_ends_too_soon_is_none():
    with (
        serving(answer=sends(BODY, headers=[("Content-Length", "5000")])) as server,
        pytest.raises(fetching.NoAnswer),
    ):
        here(server.address)


@pytest.mark.parametrize(
    "answer",
    [lambda handler: handler.wfile.write(b"SSH-2.0-OpenSSH\r\n"),
     lambda handler: handler.wfile.write(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 1000 + b"\r\n"),
     lambda handler: handler.wfile.write(b"HTTP/1.1 200 " + b"x" * 100_000)],
    ids=["another protocol", "a thousand headers", "an endless line"],
)  # fmt: skip
def test_what_speaks_another_language_is_no_answer(answer):
    def ending(handler):
        answer(handler)
        handler.close_connection = True

    with serving(answer=ending) as server, pytest.raises(fetching.NoAnswer):
        here(server.address)


@pytest.mark.parametrize("status", [204, 401, 403, 404, 410, 500, 503])
def test_another_answer_than_a_calendar_is_told(status):
    def answer(handler):
        handler.send_response(status)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    with serving(answer=answer) as server, pytest.raises(fetching.NotServed):
        here(server.address)


def test_nobody_at_home_and_no_such_name_are_told_at_once():
    with serving() as server:
        gone = server.address
    started = time.monotonic()
    with pytest.raises(fetching.NoAnswer):
        here(gone)
    with pytest.raises(fetching.NotFoundThere):
        fetch("https://a.example/", look_up=leads_to())
    monotonous = lambda _host, _port: time.sleep(5)  # noqa: E731 - a name server that thinks
    with pytest.raises(fetching.NotFoundThere):
        fetch("https://a.example/", look_up=monotonous)
    assert time.monotonic() - started < AT_ONCE_SECONDS


def test_a_certificate_must_be_the_names():
    with serving(BODY) as server, pytest.raises(fetching.NoAnswer):  # speaks no TLS at all
        here(server.address.replace("http:", "https:"))


def test_what_has_not_changed_is_not_sent_again():
    with serving(BODY, etag='"one"') as server:
        first = here(server.address)
        assert (first.body, first.etag) == (BODY, '"one"')
        second = here(server.address, etag=first.etag)
        assert (second.body, second.etag) == (None, '"one"')
