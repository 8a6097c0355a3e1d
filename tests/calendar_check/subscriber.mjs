// A calendar as Thunderbird has them, in small: it asks an address over HTTP with the ETag that it
// was given last, reads what it gets with ical.js, and keeps it until it is told otherwise.
// usage: node subscriber.mjs, an address a line; prints {status, items} a line, whatever it shows by then.
import readline from 'node:readline';
import ICAL from 'ical.js';

const kept = new Map(); // by address: {etag, items}

function read(text) {
  const root = new ICAL.Component(ICAL.parse(text));
  ICAL.TimezoneService.reset();
  for (const component of root.getAllSubcomponents('vtimezone')) {
    const zone = new ICAL.Timezone(component);
    ICAL.TimezoneService.register(zone, zone.tzid);
  }
  // As somebody sees it whose computer is in the zone of the calendar: by its own VTIMEZONE.
  const home = root.getFirstSubcomponent('vtimezone')?.getFirstPropertyValue('tzid');
  const shown = time => time.convertToZone(ICAL.TimezoneService.get(home)).toString().slice(0, 16);
  return root.getAllSubcomponents('vevent').map(component => {
    const event = new ICAL.Event(component);
    return {
      uid: event.uid,
      title: event.summary,
      starts: shown(event.startDate),
      ends: shown(event.endDate),
      place: event.location || '',
      is_cancelled: component.getFirstPropertyValue('status') === 'CANCELLED',
      url: component.getFirstPropertyValue('url'),
    };
  });
}

async function look(address) {
  const { etag, items } = kept.get(address) || { items: [] };
  const headers = { Accept: 'text/calendar,text/plain;q=0.8,*/*;q=0.5', 'User-Agent': 'Thunderbird' };
  if (etag) headers['If-None-Match'] = etag;
  const answer = await fetch(address, { headers });
  const text = await answer.text();
  if (answer.status === 200) {
    kept.set(address, { etag: answer.headers.get('etag'), items: read(text) });
    return { status: 200, items: kept.get(address).items };
  }
  return { status: answer.status, items };
}

for await (const address of readline.createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await look(address)));
}
