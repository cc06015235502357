// WHIP (RFC 9725) and WHEP: a scripted client, GStreamer's webrtcbin both ways, and a page that has
// nothing but RTCPeerConnection and fetch.

import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';

import { ownAddress } from '../support/firefox.js';
import { until } from '../support/until.js';
import {
  ask,
  GstPeer,
  post,
  scriptedOffer,
  urlOf,
  whyNoWebrtcbin,
} from '../support/whip_client.js';
import { flood, hostile, perAddress, scripted, tokens } from './whip_scripted.js';

const kPage = fileURLToPath(new URL('../pages/whip.js', import.meta.url));
// The worker's own (RFC 7675 §5.1), and some time to notice.
const kConsentMs = 40_000;

// Encoders that know nothing else: pages and players that have the profile see it, others are told.
async function gstInProfile(stage, profile) {
  const room = stage.freshRoom(`gst-${profile}`);
  const encoder = ['--codec', 'H264', '--profile', profile];
  const watch = urlOf(stage.server, `/whep/${room}/Studio`);
  await stage.withPeople(['Ada'], { room }, async (ada) => {
    await ada.joined();
    const url = urlOf(stage.server, `/whip/${room}?name=Studio`);
    const studio = new GstPeer('publish', url, ...encoder);
    let viewer;
    try {
      await studio.connected();
      await ada.receives('Studio');
      viewer = new GstPeer('play', watch, ...encoder);
      assert.equal((await viewer.decodes(15)).width, 640);
      const baseline = scriptedOffer({ direction: 'recvonly', codec: 'H264' });
      const { status, body } = await post(watch, { body: baseline });
      assert.equal(status, 422);
      assert.match(JSON.parse(body).detail, /video\/H264 of profile-level-id 4d/);
      assert.equal(await studio.stop(), 200);
      const high = scriptedOffer({ codec: 'H264' }).replace('42e01f', '64001f');
      const refused = await post(url, { body: high });
      assert.equal(refused.status, 422);
      assert.match(JSON.parse(refused.body).detail, /'64001f'.*, but .*'42e01f'.*'4d001f'/);
    } finally {
      await Promise.all([studio.kill(), viewer?.kill()]);
    }
  });
}

// Key frames come every 40 s: what is seen sooner was asked for.
async function gstPublishes(stage, options, room = stage.freshRoom('gst-in')) {
  const url = urlOf(stage.server, `/whip/${room}?name=Studio`);
  await stage.withPeople(['Ada'], { room }, async (ada) => {
    await ada.joined();
    const studio = new GstPeer('publish', url, ...options);
    try {
      await studio.connected();
      await ada.receives('Studio');
      await stage.withPeople(['Bo'], { room }, (bo) => bo.receives('Studio', { within: 10_000 }));
      assert.equal(await studio.stop(), 200);
      await ada.until('is alone', async () => (await ada.state()).peers.length === 0);
    } finally {
      await studio.kill();
    }
  });
}

async function gstWatches(stage, codec) {
  const room = stage.freshRoom('gst-out');
  await stage.withPeople(['Ada'], { room, codec }, async (ada) => {
    await ada.joined();
    await ada.until('sends', async () => (await ada.state()).cameraOn);
    const url = urlOf(stage.server, `/whep/${room}/Ada`);
    await until('Ada is live', async () => {
      const probe = await post(url, { body: scriptedOffer({ direction: 'recvonly', codec }) });
      return probe.status === 201;
    });
    const viewer = new GstPeer('play', url, '--codec', codec);
    try {
      const { width } = await viewer.decodes(15, { within: 20_000 });
      assert.ok(width > 0);
      assert.equal(await viewer.stop(), 200);
    } finally {
      await viewer.kill();
    }
  });
}

// From webrtcbin to webrtcbin, with the server in the place of the DTLS client for the first.
async function gstToGst(stage) {
  const room = stage.freshRoom('gst');
  const studio = new GstPeer('publish', urlOf(stage.server, `/whip/${room}`), '--trickle');
  const viewers = [];
  try {
    await studio.connected();
    viewers.push(new GstPeer('play', urlOf(stage.server, `/whep/${room}`), '--trickle'));
    viewers.push(new GstPeer('play', urlOf(stage.server, `/whep/${room}/WHIP`)));
    const seen = await Promise.all(viewers.map((viewer) => viewer.decodes(30)));
    assert.deepEqual(
      seen.map(({ width }) => width),
      [640, 640],
    );
    const { whip } = await stage.server.health();
    assert.ok(whip.publishing >= 1 && whip.watching >= 2);
    assert.equal(await studio.stop(), 200);
    // What they watched has ended, and so have they.
    for (const viewer of viewers) assert.equal(await viewer.stop(), 404);
  } finally {
    await Promise.all([studio, ...viewers].map((peer) => peer.kill()));
  }
}

async function withPage(stage, play) {
  const context = await stage.browser.newContext({ permissions: ['microphone', 'camera'] });
  await context.addInitScript({ path: kPage });
  try {
    const page = await context.newPage();
    await page.goto(urlOf(stage.server, '/?join=no'));
    await play(page, {
      run: (verb, url, options = {}) =>
        page.evaluate(
          async ([verb, url, options]) => {
            window.session = new window.whip.Session(url);
            await window.session[verb](options);
          },
          [verb, url, options],
        ),
      stats: () => page.evaluate(() => window.session.stats()),
      restart: () => page.evaluate(() => window.session.restart()),
      close: () => page.evaluate(() => window.session.close()),
      listen: (events) => page.evaluate((events) => window.session.listen(events), events),
      choose: (wish) => page.evaluate((wish) => window.session.choose(wish), wish),
    });
  } finally {
    await context.close();
  }
}

async function pagePublishesAndWatches(stage) {
  const room = stage.freshRoom('page');
  await withPage(stage, async (_, studio) => {
    const url = urlOf(stage.server, `/whip/${room}?name=Page`);
    await studio.run('publish', url, { codec: 'video/VP8' });
    await stage.withPeople(['Ada'], { room }, async (ada) => {
      await ada.receives('Page');
      // The largest comes when Chromium has found out what the line carries.
      await until('sizes are sent', async () => (await studio.stats()).sending.length >= 2, {
        seen: studio.stats,
      });
      await withPage(stage, async (page, viewer) => {
        await viewer.run('watch', urlOf(stage.server, `/whep/${room}/Page`));
        const watching = async () => {
          const { framesDecoded, soundPackets } = await viewer.stats();
          return framesDecoded > 5 && soundPackets > 20;
        };
        await until('the viewer sees and hears', watching, { seen: viewer.stats });
        await choosesLayers(viewer);
        await restartsIce(viewer, 'framesDecoded');
        await restartsIce(studio, 'packetsSent');
        await ada.goesOn('Page', await ada.from('Page'));
        // Without a word over HTTP: the end of DTLS ends the session.
        const { watching: before } = (await stage.server.health()).whip;
        await page.evaluate(() => window.session.pc.close());
        const fewer = async () => (await stage.server.health()).whip.watching < before;
        await until('the viewer is gone', fewer);
      });
      assert.equal(await studio.close(), 200);
      await ada.until('is alone', async () => (await ada.state()).peers.length === 0);
    });
  });
}

// What EventSource tells of the layers is what there is to choose from, and what is chosen is seen.
async function choosesLayers(viewer) {
  await viewer.listen(['active', 'layers', 'viewercount']);
  const seen = { seen: viewer.stats };
  const sizes = async () => {
    const { told } = await viewer.stats();
    const [[, layers] = []] = Object.entries(told.layers ?? {});
    const flowing = (layers ?? []).filter(({ bitrate, width }) => bitrate > 0 && width > 0);
    return flowing.length >= 2 && told.active && told.viewercount && flowing;
  };
  const [lowest, ...others] = await until('layers are told', sizes, { ...seen, within: 20_000 });
  const highest = others.at(-1);
  assert.ok(lowest.width < highest.width, JSON.stringify([lowest, highest]));
  const { told } = await viewer.stats();
  assert.equal(told.viewercount.viewercount, 1);
  const sees = (what, fits) => until(what, async () => fits((await viewer.stats()).width), seen);
  await sees('a larger picture is seen', (width) => width > lowest.width);
  assert.equal(await viewer.choose({ rid: lowest.rid }), 200);
  await sees('the lowest layer is seen', (width) => width === lowest.width);
  assert.equal(await viewer.choose({}), 200);
  await sees('a larger picture is seen again', (width) => width > lowest.width);
  assert.equal(await viewer.choose({ maxWidth: lowest.width }), 200);
  await sees('what fits is seen', (width) => width === lowest.width);
  assert.equal(await viewer.choose({ rid: 'nobody' }), 422);
  assert.equal(await viewer.choose({}), 200);
}

// Other credentials on both sides, and the media goes on.
async function restartsIce(peer, counter) {
  const before = await peer.stats();
  assert.deepEqual(before.patched, [204]);
  await peer.restart();
  const after = await until(
    'it goes on after the restart',
    async () => {
      const now = await peer.stats();
      const well = now.ice === 'connected' || now.ice === 'completed';
      return well && now[counter] > before[counter] + 10 && now;
    },
    { seen: peer.stats },
  );
  assert.notEqual(after.remoteUfrag, before.remoteUfrag);
  assert.deepEqual(after.patched, [204, 200]);
}

// A publisher that dies says nothing; its consent runs out while the other tests run.
async function dies(stage) {
  const room = stage.freshRoom('dies');
  const studio = new GstPeer('publish', urlOf(stage.server, `/whip/${room}`));
  await studio.connected();
  const location = studio.last('created').location;
  await studio.kill();
  return { location, at: Date.now() };
}

async function isGone(stage, { location, at }) {
  const within = Math.max(1000, kConsentMs - (Date.now() - at));
  await until('consent runs out', async () => (await ask('GET', location)).status === 404, {
    within,
  });
  const { whip } = await stage.server.health();
  assert.ok(whip.ended['consent was lost'] >= 1, JSON.stringify(whip.ended));
}

export async function whip(t, stage) {
  const skip = whyNoWebrtcbin();
  const options = [
    ...['--ice-server', 'stun:stun.example.org', '--cors-origin', 'https://studio.example'],
  ];
  const server = await stage.startServer({ workers: 1, options });
  await t.test('a scripted client meets every status', () => scripted(stage, { server }));
  await server.stop();
  await t.test('tokens: whose session it is, and for how long', () => tokens(stage));
  await t.test('a flood is refused, and over when it is over', () => flood(stage));
  const address = ownAddress();
  const noAddress = address ? false : 'this machine has no address but loopback';
  await t.test('one address has 32 sessions, and 429 beyond', { skip: noAddress }, () =>
    perAddress(stage, address),
  );
  await t.test(
    'a page publishes several sizes, watches, chooses among them, and restarts ICE',
    () => pagePublishesAndWatches(stage),
  );
  await t.test('webrtcbin publishes VP8', { skip }, () => gstPublishes(stage, []));
  await t.test('webrtcbin publishes H264, the server begins the DTLS handshake', { skip }, () =>
    gstPublishes(stage, ['--codec', 'H264', '--passive']),
  );
  await t.test('webrtcbin publishes H264 Main', { skip }, () => gstInProfile(stage, 'main'));
  await t.test('webrtcbin to webrtcbin', { skip }, () => gstToGst(stage));
}

// What takes longer.
export async function whipMore(t, stage) {
  const skip = whyNoWebrtcbin();
  const dead = skip ? null : await dies(stage);
  await t.test('offers that make no sense are refused, and that is all', () => hostile(stage));
  for (const codec of ['VP8', 'H264']) {
    await t.test(`webrtcbin watches a page in ${codec}`, { skip }, () => gstWatches(stage, codec));
  }
  await t.test('a publisher that dies is gone', { skip }, () => isGone(stage, dead));
}
