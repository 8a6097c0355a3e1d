from __future__ import annotations

import pytest
from flask import Flask

from timebank.web import headers


@pytest.fixture
def app() -> Flask:
    app = Flask(__name__)
    headers.register(app)
    app.add_url_rule("/", endpoint="hello", view_func=lambda: "hello")
    app.add_url_rule(
        "/own", endpoint="own", view_func=lambda: ("hello", {"Content-Security-Policy": "sandbox"})
    )
    return app


def test_every_answer_carries_the_headers_even_a_404(app: Flask) -> None:
    for path in ("/", "/nowhere"):
        answer = app.test_client().get(path)
        assert [answer.headers[name] for name, _ in headers.HEADERS] == [
            text for _, text in headers.HEADERS
        ]


def test_policy_allows_nothing_inline_and_nothing_foreign() -> None:
    policy = headers.CONTENT_SECURITY_POLICY
    assert "default-src 'none'" in policy
    assert not any(word in policy for word in ("unsafe", "http", "*"))


def test_https_is_only_insisted_on_over_https(app: Flask) -> None:
    client = app.test_client()
    assert "Strict-Transport-Security" not in client.get("/").headers
    secure = client.get("/", base_url="https://localhost")
    assert secure.headers["Strict-Transport-Security"].startswith("max-age=31536000")


def test_a_view_may_set_its_own_policy(app: Flask) -> None:
    assert app.test_client().get("/own").headers["Content-Security-Policy"] == "sandbox"
