// WHIP (RFC 9725) and WHEP: a scripted client that keeps and breaks every rule, GStreamer's webrtcbin
// both ways, and a page that has nothing but RTCPeerConnection and fetch.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';

import { until } from '../support/until.js';
import {
  ask,
  GstPeer,
  kNewCredentials,
  kOldCredentials,
  locationOf,
  patch,
  post,
  scriptedOffer,
  signedToken,
  whyNoWebrtcbin,
} from '../support/whip_client.js';

const kPage = fileURLToPath(new URL('../pages/whip.js', import.meta.url));
const kFragmentType = 'application/trickle-ice-sdpfrag';
// The worker's own (RFC 7675 §5.1), and some time to notice.
const kConsentMs = 40_000;

const kViewer = scriptedOffer({ direction: 'recvonly' });

const urlOf = (server, path) => new URL(path, server.url).href;

// Each status that a client may meet without a token.
async function scripted(stage, { server }) {
  const room = stage.freshRoom('scripted');
  const url = urlOf(server, `/whip/${room}`);
  const created = await post(`${url}?name=Encoder`, { Accept: 'application/sdp' });
  assert.equal(created.status, 201);
  assert.equal(created.header('content-type'), 'application/sdp');
  assert.match(created.header('link'), /<stun:stun\.example\.org>; rel="ice-server"/);
  const etag = created.header('etag');
  const session = locationOf(created, url);
  assert.match(created.body, /^v=0\r\n[\s\S]*a=candidate:/);

  const options = await ask('OPTIONS', url, { Origin: 'https://studio.example' });
  assert.equal(options.status, 200);
  assert.equal(options.header('accept-post'), 'application/sdp');
  assert.equal(options.header('access-control-allow-origin'), 'https://studio.example');
  assert.equal((await ask('GET', url)).status, 204);
  assert.equal((await ask('HEAD', session)).status, 204);

  const statuses = {
    400: [
      await post(url, { body: 'v=0\r\nnonsense' }),
      await post(url, { body: '' }),
      await patch(session, 'hello', { 'If-Match': etag }),
    ],
    404: [await post(urlOf(server, '/whip/a%2Fb')), await ask('GET', session.slice(0, -1))],
    405: [await ask('PUT', url), await ask('DELETE', url), await ask('PUT', session)],
    406: [await post(url, { Accept: 'text/html' })],
    409: [await post(urlOf(server, `/whep/${room}/Nobody`), { body: kViewer })],
    412: [await patch(session, kOldCredentials, { 'If-Match': '"another"' })],
    413: [await post(url, { body: scriptedOffer().padEnd(65_537) })],
    415: [
      await post(url, { type: 'text/plain' }),
      await patch(session, kOldCredentials, { type: 'application/sdp', 'If-Match': etag }),
    ],
    422: [
      await post(url, { body: scriptedOffer({ codec: 'THEORA' }) }),
      await post(url, { body: scriptedOffer({ direction: 'recvonly' }) }),
    ],
    428: [await patch(session, kOldCredentials)],
  };
  for (const [expected, responses] of Object.entries(statuses)) {
    for (const { status, header, body } of responses) {
      assert.equal(status, Number(expected), body);
      if (body === '') continue;
      assert.equal(header('content-type'), 'application/problem+json');
      assert.equal(JSON.parse(body).status, status);
    }
  }
  assert.equal(statuses[409][0].status, 409);
  assert.match(statuses[409][0].header('retry-after'), /^\d+$/);
  assert.match(statuses[405][2].header('allow'), /PATCH/);
  await scriptedIce(session, etag);
}

async function scriptedIce(session, etag) {
  const candidate = 'a=candidate:1 1 udp 1 192.0.2.1 4000 typ host\r\n';
  const trickled = await patch(session, kOldCredentials + candidate, { 'If-Match': etag });
  assert.deepEqual([trickled.status, trickled.header('etag')], [204, null]);
  const restarted = await patch(session, kNewCredentials, { 'If-Match': '*' });
  assert.equal(restarted.status, 200);
  assert.equal(restarted.header('content-type'), kFragmentType);
  assert.match(restarted.body, /a=ice-ufrag:\S+\r\na=ice-pwd:\S+\r\n/);
  const renewed = restarted.header('etag');
  assert.notEqual(renewed, etag);
  const statusWith = async (tag) =>
    (await patch(session, kNewCredentials + candidate, { 'If-Match': tag })).status;
  assert.equal(await statusWith(etag), 412);
  assert.equal(await statusWith(renewed), 204);
  // All at once, each for itself: every one is answered and the last ETag is the one that counts.
  const restarts = await Promise.all(
    ['renewal1', 'renewal2', 'renewal3'].map((name) =>
      patch(session, kNewCredentials.replaceAll('renewed', name), { 'If-Match': '"*"' }),
    ),
  );
  assert.deepEqual(
    restarts.map(({ status }) => status),
    [200, 200, 200],
  );
  assert.equal(new Set(restarts.map(({ header }) => header('etag'))).size, 3);
  assert.equal((await ask('DELETE', session, { 'If-Match': '"old"' })).status, 200);
  assert.equal((await ask('DELETE', session)).status, 404);
  assert.equal((await patch(session, kNewCredentials, { 'If-Match': '*' })).status, 404);
}

async function tokens(stage) {
  const secret = randomBytes(24).toString('hex');
  const server = await stage.startServer({ workers: 1, options: ['--token-secret', secret] });
  const room = stage.freshRoom('tokens');
  const url = urlOf(server, `/whip/${room}`);
  const none = await post(url);
  assert.equal(none.status, 401);
  assert.match(none.header('www-authenticate'), /^Bearer/);
  const sign = (claims) => signedToken(secret, { room, ...claims });
  const statusOf = async (claims) => (await post(url, { token: sign(claims) })).status;
  assert.equal((await post(url, { token: 'nonsense' })).status, 401);
  assert.equal(await statusOf({ exp: 1_700_000_000 }), 401);
  assert.equal(await statusOf({ room: 'elsewhere' }), 401);
  assert.equal(await statusOf({ grants: ['subscribe'] }), 403);
  const own = sign({ name: 'Camera 1' });
  const session = locationOf(await post(url, { token: own }), url);
  assert.equal((await ask('DELETE', session)).status, 401);
  assert.equal((await ask('DELETE', session, { token: sign({ sub: 'other' }) })).status, 403);
  assert.equal((await ask('DELETE', session, { token: own })).status, 200);

  // In the middle of a session: it is over with its token, also for those in the room.
  const brief = sign({ exp: Math.floor(Date.now() / 1000) + 3, name: 'Camera 2' });
  const created = await post(url, { token: brief });
  assert.equal(created.status, 201);
  assert.equal((await server.health()).peers, 1);
  await until('the token expires', async () => (await server.health()).peers === 0);
  const later = await ask('GET', locationOf(created, url), { token: own });
  assert.equal(later.status, 404);
  await server.stop();
}

// Numbers that repeat, so that a finding can be found again (mulberry32).
function numbersFrom(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

// Offers with a line dropped, doubled, swapped, or with something else in it.
function mutant(random) {
  const lines = scriptedOffer({ direction: random() < 0.5 ? 'sendonly' : 'sendrecv' }).split(
    '\r\n',
  );
  const pick = () => Math.floor(random() * lines.length);
  const noise = ['', '0', '-1', '99999999999', 'a'.repeat(2000), '\u0000', 'AA:BB', '\u{1f600}'];
  for (let times = 1 + Math.floor(random() * 3); times > 0; --times) {
    const at = pick();
    const [name, ...rest] = lines[at].split(/[:= ]/);
    const kind = Math.floor(random() * 4);
    if (kind === 0) lines.splice(at, 1);
    if (kind === 1) lines.splice(pick(), 0, lines[at]);
    if (kind === 2) [lines[at], lines[0]] = [lines[0], lines[at]];
    if (kind === 3) {
      const word = noise[Math.floor(random() * noise.length)];
      lines[at] =
        random() < 0.5 ? lines[at].replace(rest.at(-1) ?? name, word) : `${lines[at]}${word}`;
    }
  }
  return lines.join('\r\n');
}

async function hostile(stage) {
  const server = await stage.startServer({ workers: 1 });
  const url = urlOf(server, `/whip/${stage.freshRoom('hostile')}`);
  const random = numbersFrom(9725);
  const seen = {};
  for (let at = 0; at < 150; ++at) {
    const body = mutant(random);
    const created = await post(url, { body });
    seen[created.status] = (seen[created.status] ?? 0) + 1;
    // Those that say when to come again came too fast.
    const { status } = created;
    assert.ok([201, 400, 422, 503].includes(status), `${status} ${created.body}: ${body}`);
    if (status === 201) await ask('DELETE', locationOf(created, url));
  }
  assert.ok(seen[201] > 0 && seen[400] > 0 && seen[422] > 0, JSON.stringify(seen));
  await until('nobody is left', async () => (await server.health()).rooms === 0);
  assert.equal((await post(url)).status, 201);
  assert.equal(server.workerPids(0).length, 1, 'the worker has not died of it');
  await server.stop();
}

// A hundred at once for eight places, then as many requests as can be made.
async function flood(stage) {
  const options = ['--max-whip-sessions', '8'];
  const server = await stage.startServer({ workers: 1, options });
  const url = urlOf(server, `/whip/${stage.freshRoom('flood')}`);
  const count = (responses) =>
    responses.reduce((sums, { status }) => ({ ...sums, [status]: (sums[status] ?? 0) + 1 }), {});
  const opened = await Promise.all(Array.from({ length: 100 }, () => post(url)));
  assert.deepEqual(count(opened), { 201: 8, 503: 92 });
  assert.match(opened.find(({ status }) => status === 503).header('retry-after'), /^\d+$/);
  const asked = await Promise.all(Array.from({ length: 350 }, () => ask('OPTIONS', url)));
  const { 200: served = 0, 503: refused = 0 } = count(asked);
  // How many depends on how fast this machine asks.
  assert.equal(served + refused, 350);
  await until('it serves again', async () => (await ask('OPTIONS', url)).status === 200);
  const session = locationOf(
    opened.find(({ status }) => status === 201),
    url,
  );
  assert.equal((await ask('DELETE', session)).status, 200);
  assert.equal((await post(url)).status, 201);
  await server.stop();
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
  await t.test('a page publishes several sizes, watches, chooses among them, and restarts ICE', () =>
    pagePublishesAndWatches(stage),
  );
  await t.test('webrtcbin publishes VP8', { skip }, () => gstPublishes(stage, []));
  await t.test('webrtcbin publishes H264, the server begins the DTLS handshake', { skip }, () =>
    gstPublishes(stage, ['--codec', 'H264', '--passive']),
  );
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
