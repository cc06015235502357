// Which way in does a browser find? One family or both, UDP or only TCP, and a server behind a NAT.

import assert from 'node:assert/strict';

import { Lab } from '../support/lab.js';
import { Site, kPublicIp, kServer, whyNoSite } from '../support/site.js';

const kPicture = {
  mimeType: 'video/VP8',
  picture: { width: 320, height: 180, fps: 10 },
  encodings: [{ maxBitrate: 200_000 }],
};
const kBoth = ['udp', 'tcp'].flatMap((protocol) => [
  { protocol, ip: kServer.v4 },
  { protocol, ip: kServer.v6 },
]);
const kBehindNat = ['udp', 'tcp'].map((protocol) => ({
  ...{ protocol, ip: kServer.v4, announcedAddress: kPublicIp },
}));

// Who comes, from what machine, to which sockets, and by what way that has to be.
const kCases = [
  {
    what: 'IPv4 only',
    person: { families: ['v4'] },
    listenInfos: kBoth,
    expected: { protocol: 'udp', localAddress: kServer.v4 },
  },
  {
    what: 'IPv6 only',
    person: { families: ['v6'] },
    listenInfos: kBoth,
    expected: { protocol: 'udp', localAddress: kServer.v6 },
  },
  {
    what: 'both, and a server that has both',
    person: {},
    listenInfos: kBoth,
    expected: { protocol: 'udp' },
  },
  {
    what: 'both, and a server that has IPv6 only',
    person: {},
    listenInfos: kBoth.filter(({ ip }) => ip === kServer.v6),
    expected: { protocol: 'udp', localAddress: kServer.v6 },
  },
  {
    what: 'IPv4, by a socket of both families',
    person: { families: ['v4'] },
    listenInfos: [{ protocol: 'udp', ip: '::', announcedAddress: kServer.v4 }],
    expected: { protocol: 'udp', localAddress: kServer.v4 },
  },
  {
    what: 'IPv6 without UDP',
    person: { families: ['v6'], udp: false },
    listenInfos: kBoth,
    expected: { protocol: 'tcp', localAddress: kServer.v6 },
  },
  {
    what: 'TCP alone, because the application says so',
    person: { families: ['v4'] },
    listenInfos: kBoth,
    options: { enableUdp: false },
    expected: { protocol: 'tcp', localAddress: kServer.v4 },
  },
  {
    what: 'a server behind a NAT',
    nat: true,
    person: { families: ['v4'] },
    listenInfos: kBehindNat,
    expected: { protocol: 'udp', localAddress: kPublicIp },
  },
  {
    what: 'a server behind a NAT, without UDP',
    nat: true,
    person: { families: ['v4'], udp: false },
    listenInfos: kBehindNat,
    expected: { protocol: 'tcp', localAddress: kPublicIp },
  },
];

export async function addresses(t) {
  if (whyNoSite) return t.skip(whyNoSite);
  for (const one of kCases) await t.test(one.what, (t) => play(t, one));
}

// A picture of the page's own comes back to it: both directions work.
async function play(t, { nat, person, listenInfos, options, expected }) {
  const site = await Site.open({ people: { Ada: person }, nat });
  let lab;
  try {
    const { workerBin } = site;
    const setup = { workerBin, listenInfos, transportOptions: options };
    lab = await Lab.open(site.browser('Ada'), setup);
    const startedAt = Date.now();
    const page = await lab.page('Ada');
    const producer = await page.publishPicture(kPicture);
    const reception = await page.consume(producer);
    await reception.until('pictures come back', ({ framesDecoded }) => framesDecoded > 5);
    const { iceSelectedTuple: tuple } = page.sendTransport;
    t.diagnostic(
      `${tuple.protocol} ${tuple.remoteIp} to ${tuple.localAddress}, after ` +
        `${Date.now() - startedAt} ms`,
    );
    for (const transport of [page.sendTransport, page.receiveTransport]) {
      const { protocol, localAddress } = transport.iceSelectedTuple;
      assert.deepEqual({ protocol, localAddress, ...expected }, { protocol, localAddress });
    }
  } finally {
    await lab?.close();
    await site.close();
  }
}
