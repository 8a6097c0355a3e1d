"""The shortcut for a tap on “I’ll do it” reads addresses as Flask does."""

from __future__ import annotations

import datetime as dt

import pytest
from flask import Flask
from werkzeug.exceptions import HTTPException

from timebank.web.rota.shortcut import address_of

PATHS = (
    "/e/danson-saturday-stroll/2027-05-01/claim/7",
    "/e/danson-saturday-stroll/2027-05-01/claim/007",
    "/e/danson-saturday-stroll/2027-02-30/claim/7",
    "/e/danson-saturday-stroll/2027-5-1/claim/7",
    "/e/danson-saturday-stroll/2027-05-01/claim/7/wait",
    "/e/danson-saturday-stroll/2027-05-01/claim/",
    "/e/danson-saturday-stroll/2027-05-01/claim/seven",
    "/e/danson-saturday-stroll/2027-05-01/claim/1234567890123456789",
    "/e/danson-saturday-stroll/2027-05-01/claim/\u0667",
    "/e/a/b/2027-05-01/claim/7",
    "/e//2027-05-01/claim/7",
    "/e/stroll\n/2027-05-01/claim/7",
    "/e/stroll/2027-05-01/claim/7\n",
    f"/e/{'long' * 51}/2027-05-01/claim/7",
    "/f/stroll/2027-05-01/claim/7",
)


@pytest.mark.parametrize("path", PATHS)
def test_an_address_is_read_as_flask_reads_it(app: Flask, path: str) -> None:
    try:
        view, named = app.url_map.bind("").match(path, method="POST")
    except HTTPException:
        view, named = "", {}

    assert address_of(path) == (dict(named) if view == "rota.take" else None)


def test_the_day_and_the_number_are_read() -> None:
    assert address_of(PATHS[0]) == {
        "slug": "danson-saturday-stroll",
        "day": dt.date(2027, 5, 1),
        "slot_id": 7,
    }
