// Real browsers meet in a real room: Chromium, the conference server, workers, all on loopback.

import { test } from 'node:test';

import { whyNoBrowser } from './support/browser.js';
import { Stage } from './support/stage.js';
import { addresses } from './suites/addresses.js';
import { chat } from './suites/chat.js';
import { codecs } from './suites/codecs.js';
import { controls } from './suites/controls.js';
import { data } from './suites/data.js';
import { drain } from './suites/drain.js';
import { encrypted } from './suites/encrypted.js';
import { examples } from './suites/examples.js';
import { goRoom, goRoomFirefox } from './suites/go_room.js';
import { hosts } from './suites/hosts.js';
import { joinTime } from './suites/join_time.js';
import { layers } from './suites/layers.js';
import { link } from './suites/link.js';
import { live } from './suites/live.js';
import { moves, restart } from './suites/moves.js';
import { networks } from './suites/networks.js';
import { plain } from './suites/plain.js';
import { plainFirefox, plainPage } from './suites/plain_page.js';
import { record } from './suites/record.js';
import { recovery } from './suites/recovery.js';
import { refusals } from './suites/refusals.js';
import { speakers } from './suites/speakers.js';
import { spread } from './suites/spread.js';
import { tcp } from './suites/tcp.js';
import { tiles } from './suites/tiles.js';
import { trains } from './suites/trains.js';
import { whip, whipMore } from './suites/whip.js';

// SLUICE_INTEROP=codecs,recovery runs only these. A group is named like a suite.
const kGroups = {
  // They are about time, or about a path between network namespaces: nothing else should run beside.
  timed: { joinTime, codecs, recovery, restart, tcp, link, networks },
  // What people do and see.
  rooms: { controls, chat, examples, plainPage, refusals, live, whip, goRoom },
};
// These run when they are named.
const kOnRequest = {
  addresses,
  data,
  drain,
  goRoomFirefox,
  hosts,
  layers,
  encrypted,
  moves,
  plain,
  plainFirefox,
  record,
  speakers,
  spread,
  tiles,
  trains,
  whipMore,
};
const kAll = { ...kGroups.timed, ...kGroups.rooms };
const names = process.env.SLUICE_INTEROP?.split(',') ?? Object.keys(kAll);
const chosen = names.flatMap((name) => Object.keys(kGroups[name] ?? { [name]: true }));

test('conference', { skip: whyNoBrowser }, async (t) => {
  const stage = new Stage();
  try {
    await stage.open();
    // One after the other: they share the cores, and some are about time.
    for (const name of chosen) {
      await t.test(name, (t) => (kAll[name] ?? kOnRequest[name])(t, stage));
    }
  } finally {
    await stage.close();
  }
});
