// Another network in the middle of a call: a cable is pulled while there is a spare one, or the only
// address is replaced. The conference comes back by itself; how soon?

import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';

import { describe, longestGap, medianOf } from '../support/gaps.js';
import { Participant, allReceive } from '../support/participant.js';
import { Server } from '../support/server.js';
import { Site, kPorts, kServer } from '../support/site.js';

const kScripts = ['rtc_probe', 'gap_probe'].map((name) =>
  fileURLToPath(new URL(`../support/${name}.js`, import.meta.url)),
);
const kTimes = 5;
const kCamera = { fps: 15 };
// Chromium uses the other cable after four seconds and nominates it after two and a half more.
const kMostPulledMs = 10_000;
// It notices after six seconds that its address is gone; the page joins anew after two more.
const kMostReplacedMs = 15_000;

const now = () => performance.timeOrigin + performance.now();
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

class Meeting {
  static async open() {
    const meeting = new Meeting();
    const people = {
      Ada: { families: ['v4'], spare: true, camera: kCamera },
      Bo: { families: ['v4'], camera: kCamera },
    };
    meeting.site = await Site.open({ people });
    try {
      const options = ['--listen', kServer.v4];
      const { server: namespace } = meeting.site;
      meeting.server = await Server.start({ namespace, port: kPorts[0], workers: 1, options });
      const enter = (name) =>
        Participant.open(meeting.site.browser(name), meeting.server.url, {
          ...{ room: 'moves', name, script: kScripts },
        });
      [meeting.ada, meeting.bo] = [await enter('Ada'), await enter('Bo')];
    } catch (error) {
      await meeting.close();
      throw error;
    }
    return meeting;
  }

  get people() {
    return [this.ada, this.bo];
  }

  pictures() {
    return Promise.all(this.people.map(({ page }) => page.evaluate(() => gapProbe.take())));
  }

  // From which of its addresses Ada's browser sends, if it is only one.
  async address() {
    const { paths } = await this.ada.page.evaluate(() => rtcProbe.sample());
    const all = new Set(paths.map(({ from }) => from));
    return all.size === 1 ? [...all][0] : null;
  }

  // Ada begins afresh, `act` happens, and for `restMs` both are watched: the longest time without
  // pictures of each.
  async during(act, restMs) {
    await this.ada.arrive();
    await allReceive(this.people);
    await pause(2000);
    await this.pictures();
    await pause(1000);
    const at = now();
    await act();
    await pause(restMs);
    const end = now();
    // A gap that has not ended is one as well.
    const [ada, bo] = (await this.pictures()).map((times) => longestGap([...times, end], at, end));
    return { Ada: ada, Bo: bo, joins: (await this.ada.state()).joins };
  }

  async close() {
    await this.server?.stop();
    await this.site.close();
  }
}

function tell(t, what, rows, most) {
  const joins = rows.map(({ joins }) => joins);
  t.diagnostic(
    `${what}, ${rows.length} times, ms without pictures: of Bo at ${describe(rows, 'Ada')}; ` +
      `of Ada at ${describe(rows, 'Bo')}; joins ${joins}`,
  );
  for (const who of ['Ada', 'Bo']) {
    const gap = medianOf(rows, who);
    assert.ok(gap < most, `half of the time ${who} sees nothing for ${gap} ms`);
  }
}

async function pulled(t, meeting) {
  const rows = [];
  for (let i = 0; i < kTimes; ++i) {
    let spare = false;
    const act = async () => {
      spare = (await meeting.address())?.startsWith('10.79.101.');
      await meeting.site.plug('Ada', false, spare);
    };
    rows.push(await meeting.during(act, 12_000));
    await meeting.site.plug('Ada', true, spare);
  }
  tell(t, 'cable pulled, with a spare one', rows, kMostPulledMs);
}

async function replaced(t, meeting) {
  const rows = [];
  await meeting.site.plug('Ada', false, true);
  for (let i = 0; i < kTimes; ++i) {
    rows.push(await meeting.during(() => meeting.site.readdress('Ada', 10 + i), 20_000));
  }
  tell(t, 'only address replaced', rows, kMostReplacedMs);
}

export async function roaming(t) {
  const meeting = await Meeting.open();
  try {
    await t.test('a cable is pulled', (t) => pulled(t, meeting));
    await t.test('an address is replaced', (t) => replaced(t, meeting));
  } finally {
    await meeting.close();
  }
}
