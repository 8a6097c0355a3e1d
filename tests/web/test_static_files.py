from __future__ import annotations

import gzip
import re

import pytest
from flask import Flask

from timebank.domain.calendar.composing import COLOURS
from timebank.domain.calendar.composing import PICTURE
from timebank.web import static_files


@pytest.fixture
def app() -> Flask:
    app = Flask(__name__, static_folder=None)
    static_files.register(app)
    return app


def asset(app: Flask, name: str) -> str:
    return app.jinja_env.globals["asset"](name)


def test_stylesheet_is_served_under_a_hashed_name_for_ever(app: Flask) -> None:
    address = asset(app, "css/app.css")
    assert re.fullmatch(r"/static/css/app\.[0-9a-f]{10}\.css", address)
    answer = app.test_client().get(address)
    assert (answer.status_code, answer.content_type) == (200, "text/css; charset=utf-8")
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"


def test_fonts_in_the_stylesheet_have_hashed_names_too(app: Flask) -> None:
    client = app.test_client()
    css = client.get(asset(app, "css/app.css")).text
    fonts = re.findall(r'url\("([^"]+\.woff2)"\)', css)
    assert len(fonts) == 2
    assert [client.get(font).content_type for font in fonts] == ["font/woff2"] * 2


@pytest.mark.parametrize(
    "address",
    [
        "/static/css/app.css",
        "/static/css/app.0000000000.css",
        "/static/../ruff.toml",
        "/static/fonts/gabarito-LICENSE.txt",
        "/static/",
    ],
)
def test_any_other_name_is_not_found(app: Flask, address: str) -> None:
    assert app.test_client().get(address).status_code == 404


def test_a_picture_that_calendars_show_keeps_its_address(app: Flask) -> None:
    """What stands in people's calendars is fetched for years."""
    for scene in COLOURS:
        address = PICTURE.format(site="", scene=scene)
        answer = app.test_client().get(address)
        assert (answer.status_code, answer.content_type) == (200, "image/png")
        assert answer.data.startswith(b"\x89PNG")
        assert answer.headers["Cache-Control"] == "public, max-age=86400"
        hashed = app.test_client().get(asset(app, f"img/scenes/{scene}.png"))
        assert hashed.data == answer.data
        assert "immutable" in hashed.headers["Cache-Control"]


def test_text_is_packed_for_browsers_that_take_it(app: Flask) -> None:
    address = asset(app, "css/app.css")
    plain = app.test_client().get(address)
    packed = app.test_client().get(address, headers={"Accept-Encoding": "gzip, br"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    assert len(packed.data) < len(plain.data) / 3


def test_a_name_that_is_not_there_stops_the_template(app: Flask) -> None:
    with pytest.raises(static_files.MissingAssetError):
        asset(app, "css/missing.css")


def test_a_stylesheet_that_names_a_missing_font_stops_the_start(tmp_path) -> None:
    (tmp_path / "app.css").write_text("a { src: url(fonts/none.woff2); }")
    with pytest.raises(static_files.MissingAssetError):
        static_files.load(tmp_path)


def test_a_changed_file_has_a_new_name(tmp_path) -> None:
    (tmp_path / "app.css").write_text("a {}")
    before = static_files.load(tmp_path)["app.css"].address
    (tmp_path / "app.css").write_text("b {}")
    assert static_files.load(tmp_path)["app.css"].address != before
