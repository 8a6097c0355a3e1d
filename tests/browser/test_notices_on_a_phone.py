"""Told on one's phone: Chromium sets itself up, is sent a notice, and shows it.

No push service of a browser's maker is reachable from here, so the page is given our own by way of
`PushManager.subscribe`; all else is as it is. What that service got is handed to Chromium as its
own would do it (CDP), and Chromium's service worker shows it.
"""

from __future__ import annotations

import json

import pytest
import sqlalchemy as sa
from flask import request
from flask import request_started

from tests import phones
from tests import push_sink
from tests.browser import days
from tests.browser.conftest import OpenScreen
from tests.browser.conftest import Post
from tests.browser.seeing import Look
from tests.notices import owe
from timebank.models import Notice
from timebank.models import NoticeKind
from timebank.models import PushSubscription
from timebank.models import Way

pytestmark = pytest.mark.browser
STORY = "phone"
PRETEND = """
PushManager.prototype.subscribe = async function (wanted) {
  window.sessionStorage.setItem("key", wanted.applicationServerKey);
  return { toJSON: () => (%s) };
};
"""
RENEWED = """async ([old, given]) => {
  let done;
  const event = new Event("pushsubscriptionchange");
  event.oldSubscription = old;
  event.newSubscription = { toJSON: () => given };
  event.waitUntil = (promise) => { done = promise; };
  self.dispatchEvent(event);
  await done;
}"""
SHOWN = """async () => {
  const worker = await navigator.serviceWorker.ready;
  const shown = await worker.getNotifications();
  return shown.map(({ title, body, tag, lang, data }) => ({ title, body, tag, lang, data }));
}"""


@pytest.fixture(scope="module")
def sink(tmp_path_factory):
    with push_sink.running(tmp_path_factory.mktemp("push")) as sink:
        yield sink


@pytest.fixture
def settings(settings):
    return phones.told_here(settings)


def _with_a_phone(open_screen, look, member, one):
    """Hand somebody a screen that is set up as a phone of theirs."""
    screen = open_screen(STORY, look, of=member, permissions=["notifications"])
    screen.page.add_init_script(PRETEND % json.dumps(one.subscription))
    screen.open("/me/phone")
    screen.press("Tell me on this phone")
    return screen


def show_in(screen, content: bytes) -> None:
    """Hand a decrypted message to Chromium, as a push service's own line would."""
    cdp = screen.page.context.new_cdp_session(screen.page)
    found = []
    cdp.on(
        "ServiceWorker.workerRegistrationUpdated", lambda told: found.extend(told["registrations"])
    )
    cdp.send("ServiceWorker.enable")
    screen.page.wait_for_timeout(200)
    cdp.send(
        "ServiceWorker.deliverPushMessage",
        {
            "origin": screen.page.url.split("/me")[0],
            "registrationId": found[-1]["registrationId"],
            "data": content.decode(),
        },
    )
    screen.page.wait_for_function(f"({SHOWN})().then((shown) => shown.length > 0)")


def test_a_phone_is_set_up_and_shows_what_it_is_told(
    session, open_screen: OpenScreen, look: Look, sink
) -> None:
    walk = days.a_walk(session)
    one = sink.browser(f"bela-{look}")
    bela = open_screen(STORY, look, of=walk.bela, permissions=["notifications"])
    bela.page.add_init_script(PRETEND % json.dumps(one.subscription))
    bela.open("/me/mail")
    bela.follow("Notices on your phone")
    bela.reads("Notices on your phone", "Your browser asks whether we may")
    bela.see("none-yet")
    bela.press("Tell me on this phone")
    bela.reads("This phone is set up", "Nothing comes here yet")
    bela.see("set-up")
    session.rollback()
    assert session.scalars(sa.select(PushSubscription.endpoint)).all() == [one.endpoint]
    bela.press("Try it")
    bela.reads("On its way.")
    bela.press("Stop")
    bela.reads("any more.")


def test_it_shows_what_it_is_told(
    session, open_screen: OpenScreen, post: Post, look: Look, sink
) -> None:
    walk = days.a_walk(session)
    sink.received.clear()
    one = sink.browser(f"bela-{look}")
    bela = _with_a_phone(open_screen, look, walk.bela, one)
    bela.follow("Choose what comes to your phone")
    bela.page.get_by_role("group", name="Hours and thanks").get_by_text("On my phone").click()
    bela.see("choices")
    bela.press("Save")
    owe(session, walk.bela, NoticeKind.HOURS_MOVED, minutes="90", what="Bread", is_put_right="")
    post.deliver()
    session.rollback()
    assert session.scalars(sa.select(Notice.way)).all() == [Way.PHONE]
    [request] = sink.received
    bela.open("/me/phone")
    bela.reads("last told on")
    show_in(bela, one.read(request.body))
    [shown] = bela.page.evaluate(SHOWN)
    assert shown["title"] == "1½ hours added to your time account"
    assert shown["body"] == "Bread\n1½ hours added"
    assert shown["lang"] == "en-GB"
    assert shown["data"]["address"].endswith("/me")
    bela.see("told")


def test_a_tap_opens_a_page_of_ours_whatever_was_sent(
    session, open_screen: OpenScreen, look: Look, sink
) -> None:
    walk = days.a_walk(session)
    bela = _with_a_phone(open_screen, look, walk.bela, sink.browser("x"))
    [worker] = bela.page.context.service_workers
    here = bela.page.url.removesuffix("/me/phone")
    for sent, opened in (
        ("https://evil.example/me?x=1", f"{here}/me?x=1"),
        ("//evil.example/e/walk", f"{here}/e/walk"),
        ("https://a.example//evil.example/e", f"{here}//evil.example/e"),
        ("javascript:alert(1)", f"{here}/alert(1)"),
        ("/me", f"{here}/me"),
    ):
        assert worker.evaluate("(address) => ours(address)", sent) == opened
    usual = worker.evaluate("() => read({ json() { throw new Error() } })")
    assert (usual["title"], usual["address"]) == ("Good Turn", "/me")
    assert worker.evaluate("async () => (await caches.keys()).length") == 0


def test_a_browser_with_another_address_tells_it_by_itself(
    session, open_screen: OpenScreen, look: Look, sink
) -> None:
    walk = days.a_walk(session)
    old, new = sink.browser("old"), sink.browser("new")
    bela = _with_a_phone(open_screen, look, walk.bela, old)
    [worker] = bela.page.context.service_workers
    came = []

    def note(_app, **_more) -> None:
        came.append((request.method, str(request.referrer).startswith(request.host_url)))

    with request_started.connected_to(note):
        worker.evaluate(RENEWED, [{"endpoint": old.endpoint}, new.subscription])
    assert came == [("GET", True), ("POST", True), ("GET", True)]  # over https nothing else counts
    session.rollback()
    assert session.scalars(sa.select(PushSubscription.endpoint)).all() == [new.endpoint]
    bela.page.context.clear_cookies()  # signed out: nothing is changed, and nothing breaks
    worker.evaluate(RENEWED, [{"endpoint": new.endpoint}, old.subscription])
    session.rollback()
    assert session.scalars(sa.select(PushSubscription.endpoint)).all() == [new.endpoint]


def test_a_browser_that_was_told_no_says_what_to_do(
    session, open_screen: OpenScreen, look: Look
) -> None:
    walk = days.a_walk(session)
    bela = open_screen(STORY, look, of=walk.bela)
    bela.page.add_init_script(
        "Object.defineProperty(Notification, 'permission', { get: () => 'denied' });"
    )
    bela.open("/me/phone")
    bela.reads("This browser has been told not to show anything from us")
    bela.see("refused")


def test_without_javascript_the_page_says_what_is_needed(
    session, open_screen: OpenScreen, look: Look
) -> None:
    walk = days.a_walk(session)
    bela = open_screen(STORY, look, of=walk.bela, java_script_enabled=False)
    bela.open("/me/phone")
    bela.reads("This browser can’t show notices from us as it is", "On an iPhone or iPad")
    bela.picture("no-script")


def test_signing_out_takes_the_service_worker_along(
    session, open_screen: OpenScreen, look: Look, sink
) -> None:
    walk = days.a_walk(session)
    bela = _with_a_phone(open_screen, look, walk.bela, sink.browser("x"))
    registered = "async () => (await navigator.serviceWorker.getRegistrations()).length"
    assert bela.page.evaluate(registered) == 1
    bela.press("Sign out")
    assert bela.page.evaluate(registered) == 0
