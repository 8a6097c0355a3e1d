{# Rendered, because icons have their hash in their name. Nothing here depends on who asks. #}
// Shows what the push service brings, and opens its page on a tap. It keeps no page for later.
const SHOWN = { icon: "{{ asset("img/icon-192.png") }}", badge: "{{ asset("img/badge.png") }}" };

self.addEventListener("install", () => self.skipWaiting());

self.addEventListener("push", (event) => {
  const told = read(event.data);
  event.waitUntil(
    self.registration.showNotification(told.title, {
      ...SHOWN,
      body: told.body,
      lang: told.lang,
      tag: told.topic,
      renotify: Boolean(told.topic),
      data: { address: told.address },
    }),
  );
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(show(ours(event.notification.data.address)));
});

self.addEventListener("pushsubscriptionchange", (event) => {
  event.waitUntil(renew(event.oldSubscription, event.newSubscription));
});

// A browser that shows nothing takes the permission back: so something is always said.
function read(data) {
  const usual = { title: "Good Turn", body: "", lang: "en-GB", topic: "", address: "/me" };
  try {
    return { ...usual, ...data.json() };
  } catch {
    return usual;
  }
}

// Only ever a page of this site, whatever was sent.
function ours(address) {
  const asked = new URL(address, self.location.origin);
  const here = new URL(self.location.origin);
  here.pathname = asked.pathname; // which names no other host, however it begins
  here.search = asked.search;
  return here.href;
}

async function show(address) {
  const open = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const same = open.find((one) => one.url === address);
  return same ? same.focus() : self.clients.openWindow(address);
}

// The browser has another address by now: this fills in the form on the page of phones, as a tap
// there does. Whoever has signed out meanwhile has no such form, and taps again.
async function renew(old, given) {
  const page = await (await fetch("{{ url_for("channels.phone") }}")).text();
  const [, key] = page.match(/ data-key="([^"]+)"/) ?? [];
  const [, token] = page.match(/ name="csrf_token" value="([^"]+)"/) ?? [];
  if (!key || !token) {
    return;
  }
  const wanted = { userVisibleOnly: true, applicationServerKey: key };
  const current = given ?? (await self.registration.pushManager.subscribe(wanted));
  const { endpoint, keys } = current.toJSON();
  const filled = { csrf_token: token, endpoint, ...keys, replaces: old?.endpoint ?? "" };
  await fetch("{{ url_for("channels.set_up") }}", { method: "POST", body: new URLSearchParams(filled) });
}
