// Offers as they are met in the field, and what is to be read in them. The SDKs of other languages
// read the same files.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

import { packageDirectory } from '#location';

import { ortc, sdp, type types } from '../src/index.js';

const folder = `${packageDirectory}/../fixtures/sdp`;

export interface SdpFixture {
  name: string;
  /** Who wrote the offer. */
  source: string;
  offer: string;
  parsed: sdp.SessionDescription;
  /** The same as a text again. */
  written: string;
  /** For each section: what a router of `fixtureCodecs` takes of it. */
  accepted: FixtureSection[];
  /** The answer to it, with the transport of `sdp_transport.json`; its session id is 0. */
  answer?: string;
}

export interface FixtureSection {
  capabilities: types.RtpCapabilities;
  sender: sdp.SenderParameters | null;
}

export const fixtureCodecs: types.RtpCodecCapability[] = [
  { kind: 'audio', mimeType: 'audio/opus', clockRate: 48000, channels: 2 },
  { kind: 'video', mimeType: 'video/VP8', clockRate: 90000 },
  { kind: 'video', mimeType: 'video/VP9', clockRate: 90000, parameters: { 'profile-id': 0 } },
  {
    kind: 'video',
    mimeType: 'video/H264',
    clockRate: 90000,
    parameters: {
      'packetization-mode': 1,
      'profile-level-id': '42e01f',
      'level-asymmetry-allowed': 1,
    },
  },
];

export const fixtureRouter = ortc.generateRouterRtpCapabilities(fixtureCodecs);

export const fixtureNames = readdirSync(folder)
  .filter((name) => name.endsWith('.json'))
  .map((name) => name.slice(0, -'.json'.length))
  .sort();

export function readFixture(name: string): SdpFixture {
  return JSON.parse(readFileSync(`${folder}/${name}.json`, 'utf8')) as SdpFixture;
}

/** What the answers of the fixtures are written for: a router's codecs, and a transport. */
export function readTransport(): unknown {
  return JSON.parse(readFileSync(`${folder}_transport.json`, 'utf8'));
}

/** What is read today. With SLUICE_WRITE_FIXTURES in the environment it becomes what is expected. */
export function settleFixture(fixture: SdpFixture, found: Partial<SdpFixture>): SdpFixture {
  if (process.env['SLUICE_WRITE_FIXTURES'] === undefined) return fixture;
  const fresh = { ...fixture, ...found };
  writeFileSync(`${folder}/${fixture.name}.json`, `${JSON.stringify(fresh, undefined, 2)}\n`);
  return fresh;
}

export function acceptSections(description: sdp.SessionDescription): FixtureSection[] {
  return description.sections.map((section, index) => {
    const accepted = sdp.acceptCodecs(section, fixtureRouter);
    const sends = section.direction === 'sendonly' || section.direction === 'sendrecv';
    return {
      capabilities: sdp.capabilitiesOf(section),
      sender:
        accepted && sends
          ? sdp.senderParameters(section, accepted, { mid: `${index}`, index })
          : null,
    };
  });
}

/** As JSON tells it: without what is undefined. */
export function plain<Value>(value: Value): Value {
  return JSON.parse(JSON.stringify(value)) as Value;
}
