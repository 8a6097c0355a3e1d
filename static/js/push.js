// Asks the browser for an address at its push service, and sends that as an ordinary form.
// Without it, or where a browser can't, the page says so in words.
const form = document.getElementById("push");
const can = "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;

function say(name) {
  for (const part of document.querySelectorAll("[data-push]")) {
    part.hidden = part.dataset.push !== name;
  }
}

async function subscribe(key) {
  await navigator.serviceWorker.register(form.dataset.worker);
  const { pushManager } = await navigator.serviceWorker.ready;
  const wanted = { userVisibleOnly: true, applicationServerKey: key };
  try {
    return await pushManager.subscribe(wanted);
  } catch (error) {
    // Subscribed before, under a key that we no longer have.
    const old = error.name === "InvalidStateError" && (await pushManager.getSubscription());
    if (!old) {
      throw error;
    }
    await old.unsubscribe();
    return pushManager.subscribe(wanted);
  }
}

async function setUp() {
  if ((await Notification.requestPermission()) !== "granted") {
    say("refused");
    return;
  }
  try {
    const { endpoint, keys } = (await subscribe(form.dataset.key)).toJSON();
    Object.entries({ endpoint, ...keys }).forEach(([name, value]) => {
      form.elements[name].value = value;
    });
    form.submit();
  } catch {
    say("failed");
  }
}

if (form && can) {
  say(Notification.permission === "denied" ? "refused" : "can");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    setUp();
  });
}
