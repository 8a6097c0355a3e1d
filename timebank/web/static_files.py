"""Static files under names that carry a hash of their content, so browsers keep them for ever.

`asset("css/app.css")` in a template gives `/static/css/app.<10 hex digits>.css`. A changed file
has a new name; an old or guessed name is not found. Everything is read, hashed and compressed
once, when the app starts: under 300 KB in all. What others keep the address of, the pictures that
calendars show, is found under its plain name as well.
"""

from __future__ import annotations

import gzip
import hashlib
import posixpath
import re
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING

from flask import Response
from flask import abort
from flask import request

if TYPE_CHECKING:
    from flask import Flask

PREFIX = "/static/"
FOR_EVER = "public, max-age=31536000, immutable"
A_DAY = "public, max-age=86400"
LASTING = "img/scenes/"  # files whose plain names stay good: they stand in people's calendars
HASH_LENGTH = 10
MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".woff2": "font/woff2",
}
ALREADY_COMPRESSED = {".png", ".woff2"}

_PACKAGE = Path(__file__).resolve().parent.parent
_CSS_ADDRESS = re.compile(r"""url\((["']?)(?!data:|https?:|#)([^"')]+)\1\)""")


class MissingAssetError(LookupError):
    """A template or stylesheet names a static file that is not there."""


@dataclass(frozen=True, slots=True)
class StaticFile:
    """One file as it is served; `packed` is its gzip form, or None where that is no smaller."""

    address: str
    media_type: str
    content: bytes = field(repr=False)
    packed: bytes | None = field(repr=False)


def register(app: Flask) -> None:
    """Serve the static folder under hashed names and offer `asset` to templates."""
    files = load(static_folder())
    by_name = {file.address.removeprefix(PREFIX): file for file in files.values()}
    lasting = {name: file for name, file in files.items() if name.startswith(LASTING)}

    def asset(name: str) -> str:
        """Give the address of a static file, by its name in the static folder."""
        try:
            return files[name].address
        except KeyError:
            raise MissingAssetError(name) from None

    def serve(filename: str) -> Response:
        if filename in lasting:
            return _answer(lasting[filename], A_DAY)
        return _answer(by_name.get(filename))

    app.jinja_env.globals["asset"] = asset
    app.add_url_rule(f"{PREFIX}<path:filename>", endpoint="static", view_func=serve)


def static_folder() -> Path:
    """Find the files: beside the package in a checkout, inside it once installed."""
    checkout = _PACKAGE.parent / "static"
    return checkout if checkout.is_dir() else _PACKAGE / "_static"


def load(folder: Path) -> dict[str, StaticFile]:
    """Read every servable file of a folder, keyed by its name relative to it.

    Stylesheets come last, because they name fonts whose hashes must be known.

    Raises:
        MissingAssetError: a stylesheet names a file that is not there.
    """
    names = sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.suffix in MEDIA_TYPES
    )
    files: dict[str, StaticFile] = {}
    for name in sorted(names, key=lambda name: name.endswith(".css")):
        content = (folder / name).read_bytes()
        if name.endswith(".css"):
            content = _with_hashed_addresses(content.decode(), name, files).encode()
        files[name] = _static_file(name, content)
    return files


def _static_file(name: str, content: bytes) -> StaticFile:
    stem, suffix = posixpath.splitext(name)
    digest = hashlib.sha256(content).hexdigest()[:HASH_LENGTH]
    packed = None
    if suffix not in ALREADY_COMPRESSED:
        smaller = gzip.compress(content, mtime=0)
        packed = smaller if len(smaller) < len(content) else None
    return StaticFile(f"{PREFIX}{stem}.{digest}{suffix}", MEDIA_TYPES[suffix], content, packed)


def _with_hashed_addresses(css: str, name: str, files: dict[str, StaticFile]) -> str:
    def hashed(match: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(posixpath.dirname(name), match[2]))
        if target not in files:
            raise MissingAssetError(f"{name} names {match[2]}")
        return f'url("{files[target].address}")'

    return _CSS_ADDRESS.sub(hashed, css)


def _answer(file: StaticFile | None, caching: str = FOR_EVER) -> Response:
    if file is None:
        abort(404)
    packed = file.packed if "gzip" in request.headers.get("Accept-Encoding", "") else None
    response = Response(packed or file.content, content_type=file.media_type)
    response.headers["Cache-Control"] = caching
    if file.packed:
        response.headers["Vary"] = "Accept-Encoding"
    if packed:
        response.headers["Content-Encoding"] = "gzip"
    return response
