// What is written for media tools, and what is read in texts of whoever, as the fixtures say: the Go
// SDK's tests read the same files. With SLUICE_WRITE_FIXTURES in the environment what is found
// becomes what is expected.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';

import { packageDirectory } from '#location';

import { sdp, writeSdp } from '../src/index.js';
import { fixtureRouter, plain } from './sdp_fixtures.js';

type Media = Parameters<typeof writeSdp>[0];

interface Case {
  name: string;
  /** What comes of it, or what is wrong with it. */
  outcome: object;
}

interface MediaCase extends Case {
  media: Media;
  /** Of each of them; 1 if missing. */
  times?: number;
  sessionName?: string;
}

interface TextCase extends Case {
  call: keyof typeof readers;
  text?: string;
  /** Instead of a long text: lines, and how often each of them. */
  lines?: [string, number][];
  /** Of a description: how much of it may be looked at. */
  bounds?: sdp.SdpParseBounds;
}

interface OfferCase extends Case {
  text: string;
  enableSctp?: boolean;
}

const readers = {
  description: sdp.parseSdp,
  fragment: (text: string) => sdp.parseSdpFragment(text),
  candidate: (text: string) => sdp.parseCandidate(text),
};

function checkCases<Each extends Case>(file: string, outcome: (each: Each) => object): void {
  const path = `${packageDirectory}/../fixtures/${file}.json`;
  const cases = JSON.parse(readFileSync(path, 'utf8')) as Each[];
  for (const each of cases) {
    const found = plain(outcome(each));
    if (process.env['SLUICE_WRITE_FIXTURES'] !== undefined) each.outcome = found;
    test(each.name, () => assert.deepEqual(found, each.outcome));
  }
  if (process.env['SLUICE_WRITE_FIXTURES'] === undefined) return;
  const lines = cases.map((each) => `  ${JSON.stringify(each)}`);
  writeFileSync(path, `[\n${lines.join(',\n')}\n]\n`);
}

describe('SDP for tools is written as the fixtures say', () => {
  checkCases<MediaCase>('sdp_media', ({ media, times = 1, sessionName }) => {
    try {
      const all = media.flatMap((each) => Array.from({ length: times }, () => each));
      return { written: writeSdp(all, sessionName === undefined ? {} : { name: sessionName }) };
    } catch (error) {
      assert.ok(error instanceof TypeError, String(error));
      return { field: /^\S*/.exec(error.message)?.[0] };
    }
  });
});

describe('texts of whoever are read, or refused, as the fixtures say', () => {
  checkCases<TextCase>('sdp_texts', ({ call, text, lines = [], bounds }) => {
    const repeated = lines.map(([line, times]) => `${line}\r\n`.repeat(times)).join('');
    try {
      return { read: readers[call](text ?? repeated, bounds) };
    } catch (error) {
      assert.ok(error instanceof sdp.SdpError, String(error));
      const { message, line, section } = error;
      return { message, line, section };
    }
  });
});

describe('offers are granted, or refused, section by section as the fixtures say', () => {
  checkCases<OfferCase>('sdp_verdicts', ({ text, enableSctp = false }) => {
    const offer = sdp.parseSdp(text);
    try {
      return { verdicts: sdp.examineOffer(offer, fixtureRouter, { enableSctp }) };
    } catch (error) {
      assert.ok(error instanceof sdp.SdpError, String(error));
      const { message, section } = error;
      return { message, section };
    }
  });
});
