import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { sdp } from '../src/index.js';
import { acceptSections, fixtureNames, plain, readFixture, settleFixture } from './sdp_fixtures.js';

const head = ['v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=-', 't=0 0'];
const video = ['m=video 9 UDP/TLS/RTP/SAVPF 96', 'c=IN IP4 0.0.0.0', 'a=rtpmap:96 VP8/90000'];

function textOf(...lines: string[]): string {
  return lines.map((line) => `${line}\r\n`).join('');
}

function refusal(text: string): string {
  try {
    sdp.parseSdp(text);
  } catch (error) {
    assert.ok(error instanceof sdp.SdpError, String(error));
    return error.message;
  }
  return 'it was read';
}

describe('offers from the field', () => {
  for (const name of fixtureNames) {
    const fixture = readFixture(name);

    test(`${name} is read as the fixture says`, () => {
      const parsed = sdp.parseSdp(fixture.offer);
      const accepted = acceptSections(parsed);
      const written = sdp.stringifySdp(parsed);
      const expected = settleFixture(fixture, { parsed, written, accepted });
      assert.deepEqual(plain(parsed), expected.parsed);
      assert.equal(written, expected.written);
      assert.deepEqual(plain(accepted), expected.accepted);
    });

    test(`${name} means the same when it is written again`, () => {
      const parsed = sdp.parseSdp(fixture.offer);
      const again = sdp.parseSdp(sdp.stringifySdp(parsed));
      assert.deepEqual(again, parsed);
    });
  }
});

describe('what is no description', () => {
  const cases: [string, string, RegExp][] = [
    ['nothing', '', /line 1: it does not begin with v=0/],
    ['another version', textOf('v=1'), /line 1: it does not begin/],
    ['a line without a type', textOf(...head, 'hello'), /line 5: 'hello' is not TYPE=VALUE/],
    ['no origin', textOf('v=0', 's=-'), /o= is missing/],
    ['an origin of letters', textOf('v=0', 'o=- x y IN IP4 0'), /line 2: o= without sessionId/],
    ['a section without formats', textOf(...head, 'm=audio 9 X'), /line 5.*1 to 128 formats/],
    ['a port beyond', textOf(...head, 'm=audio 65536 X 0'), /line 5.*port '65536'/],
    ['a format that is none', textOf(...head, 'm=audio 9 X a'), /section 0: format 'a' is no/],
    [
      'a payload type beyond',
      textOf(...head, ...video, 'a=rtpmap:128 VP8/90000'),
      /line 8, section 0: payload type '128'/,
    ],
    [
      'a payload type described twice',
      textOf(...head, ...video, 'a=rtpmap:96 VP9/90000'),
      /line 8.*described twice/,
    ],
    [
      'a clock that stands',
      textOf(...head, ...video.slice(0, 2), 'a=rtpmap:96 VP8/0'),
      /clock rate/,
    ],
    ['a mid with a space in it', textOf(...head, ...video, 'a=mid:a b'), /mid 'a b' is not/],
    [
      'a mid used twice',
      textOf(...head, ...video, 'a=mid:a', ...video, 'a=mid:a'),
      /section 1: mid a is used twice/,
    ],
    [
      'a bundle of strangers',
      textOf(...head, 'a=group:BUNDLE a b', ...video, 'a=mid:a'),
      /BUNDLE names a mid b/,
    ],
    ['half a password', textOf(...head, ...video, 'a=ice-ufrag:abcd'), /do not come together/],
    ['a short password', textOf(...head, ...video, 'a=ice-pwd:abcd'), /line 8.*ice-pwd is not/],
    [
      'a fingerprint of letters',
      textOf(...head, 'a=fingerprint:sha-256 xy'),
      /line 5.*fingerprint/,
    ],
    ['a setup that is none', textOf(...head, ...video, 'a=setup:later'), /none of actpass/],
    ['an extension 0', textOf(...head, ...video, 'a=extmap:0 urn:x'), /header extension '0'/],
    ['an SSRC beyond', textOf(...head, ...video, 'a=ssrc:4294967296 cname:a'), /ssrc '4294967296'/],
    ['a rid with a space', textOf(...head, ...video, 'a=rid:a!b send'), /rid 'a!b'/],
    [
      'simulcast of nothing',
      textOf(...head, ...video, 'a=simulcast:send'),
      /simulcast is malformed/,
    ],
    [
      'a candidate without a type',
      textOf(...head, ...video, 'a=candidate:1 1 udp 1 h 9'),
      /a type/,
    ],
  ];
  for (const [name, text, reason] of cases) {
    test(`${name} is refused with its place`, () => assert.match(refusal(text), reason));
  }

  test('bounds hold', () => {
    const many = (count: number, line: string): string =>
      textOf(...head, ...Array(count).fill(line));
    assert.match(refusal('v=0\r\n'.padEnd((1 << 20) + 1, 'a=x\r\n')), /longer than 1048576/);
    assert.match(refusal(many(40_000, 'a=x')), /more than 32768 lines/);
    assert.match(refusal(many(1, `a=${'x'.repeat(4096)}`)), /line 5: it is longer than 4096/);
    assert.match(refusal(many(257, 'm=audio 9 X 0')), /line 261.*more than 256 sections/);
    assert.match(
      refusal(textOf(...head, ...video, ...Array(300).fill('a=candidate:1 1 udp 1 h 9 typ host'))),
      /more than 256 attributes/,
    );
  });

  test('what is not a text is refused', () => {
    for (const value of [undefined, null, 7, {}, []]) {
      assert.match(refusal(value as unknown as string), /not a string/);
    }
  });

  test('a message carries nothing that would break a log', () => {
    assert.match(refusal(textOf(...head, 'x\u001b[31m\u0000')), /^SDP line 5: '[ -~]+' is not/);
  });
});

// Mutations of real offers, in an order that is always the same. Whatever comes out, it is a
// description or an SdpError, soon.
describe('hostile descriptions', () => {
  function* numbers(seed: number): Generator<number> {
    for (let state = seed >>> 0; ;) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      yield state;
    }
  }
  const next = (source: Generator<number>, below: number): number =>
    Math.floor((source.next().value as number) / 65536) % below;
  const scraps = [
    '',
    '0',
    '-1',
    '4294967296',
    '*',
    ' ',
    ';',
    '/',
    ':',
    '\u0000',
    '\ud800',
    '__proto__',
    '~',
    'a'.repeat(300),
  ];

  function mutate(text: string, random: Generator<number>): string {
    const lines = text.split('\r\n');
    const at = next(random, lines.length);
    const line = lines[at] as string;
    const cut = next(random, line.length + 1);
    const scrap = scraps[next(random, scraps.length)] as string;
    switch (next(random, 6)) {
      case 0:
        lines.splice(at, 1);
        break;
      case 1:
        lines.splice(at, 0, line);
        break;
      case 2:
        lines[at] = line.slice(0, cut) + scrap + line.slice(cut);
        break;
      case 3:
        lines[at] = line.slice(0, cut);
        break;
      case 4:
        lines[at] = lines[next(random, lines.length)] as string;
        break;
      default:
        lines[at] = line.slice(0, cut) + scrap + line.slice(cut + 1 + next(random, 8));
    }
    return lines.join('\r\n');
  }

  for (const name of fixtureNames) {
    test(`500 mutations of ${name} end in a description or an SdpError`, () => {
      const { offer } = readFixture(name);
      const random = numbers(name.length);
      let read = 0;
      for (let round = 0; round < 500; round += 1) {
        let text = offer;
        for (let change = next(random, 4); change >= 0; change -= 1) text = mutate(text, random);
        try {
          const parsed = sdp.parseSdp(text);
          acceptSections(parsed);
          sdp.parseSdp(sdp.stringifySdp(parsed));
          sdp.parseSdpFragment(text);
          read += 1;
        } catch (error) {
          assert.ok(error instanceof sdp.SdpError, `${(error as Error).stack}\n${text}`);
        }
      }
      assert.ok(read > 25, `only ${read} could still be read`);
    });
  }
});

describe('candidates and fragments', () => {
  test('a candidate is written as it was read', () => {
    const line =
      'candidate:842163049 1 udp 1677729535 203.0.113.9 46154 typ srflx raddr 10.0.0.7 rport 46154 ufrag abcd';
    assert.equal(sdp.writeCandidate(sdp.parseCandidate(line)), line);
    assert.equal(sdp.parseCandidate(`a=${line} generation 0`).port, 46154);
    const tcp = 'candidate:1 1 tcp 1 ::1 9 typ host tcptype active';
    assert.equal(sdp.writeCandidate(sdp.parseCandidate(tcp)), tcp);
  });

  test('a candidate of a browser that hides its addresses is read', () => {
    const line = 'candidate:1 1 UDP 2122252543 f2a9.local 51000 typ host';
    assert.equal(sdp.parseCandidate(line).address, 'f2a9.local');
  });

  test('what is no candidate is an SdpError', () => {
    for (const line of [
      '',
      'x',
      'candidate:',
      'candidate:1 1 udp 1 1.2.3.4 99999 typ host',
      'a'.repeat(2000),
    ]) {
      assert.throws(() => sdp.parseCandidate(line), sdp.SdpError);
    }
    assert.throws(() => sdp.parseCandidate(7 as unknown as string), sdp.SdpError);
  });

  test('a fragment tells its generation, candidates and end', () => {
    const fragment = sdp.parseSdpFragment(
      textOf(
        'a=ice-options:trickle',
        'a=group:BUNDLE 0 1',
        'm=audio 9 UDP/TLS/RTP/SAVPF 0',
        'a=mid:0',
        'a=ice-ufrag:EsAw',
        'a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1',
        'a=candidate:1 1 udp 1 192.0.2.1 61764 typ host',
        'a=end-of-candidates',
      ),
    );
    assert.deepEqual(fragment.ice, {
      usernameFragment: 'EsAw',
      password: 'P2uYro0UCOQ4zxjKXaWCBui1',
    });
    assert.equal(fragment.endOfCandidates, true);
    assert.equal(fragment.sections[0]?.mid, '0');
    assert.equal(fragment.sections[0]?.candidates[0]?.address, '192.0.2.1');
    assert.deepEqual(sdp.parseSdpFragment(sdp.writeSdpFragment(fragment)), fragment);
  });

  test('half the credentials of a fragment are an SdpError', () => {
    assert.throws(() => sdp.parseSdpFragment(textOf('a=ice-ufrag:EsAw')), /do not come together/);
  });
});

describe('the work that a text makes', () => {
  const head = 'v=0\r\no=- 1 1 IN IP4 0\r\ns=-\r\n';
  const types = Array.from({ length: 128 }, (_, type) => type);
  const codecs = types.map((type) => `a=rtpmap:${type} X${type}/90000\r\n`).join('');
  const section = `m=video 9 UDP/TLS/RTP/SAVPF ${types.join(' ')}\r\n${codecs}`;

  test('begins with the number of its lines, before any of them is read', () => {
    const nonsense = 'nonsense\n'.repeat(11);
    assert.throws(() => sdp.parseSdp(nonsense, { lines: 10 }), /more than 10 lines/);
    assert.throws(() => sdp.parseSdp(nonsense, { lines: 11 }), /line 1:/);
    assert.throws(() => sdp.parseSdp('\n'.repeat(40_000)), /more than 32768 lines/);
    assert.throws(() => sdp.parseSdpFragment('nonsense\n'.repeat(1025)), /more than 1024 lines/);
  });

  test('ends where there are too many sections', () => {
    const text = head + 'm=video 9 UDP/TLS/RTP/SAVPF 96\r\n'.repeat(9);
    assert.equal(sdp.parseSdp(text, { sections: 9 }).sections.length, 9);
    assert.throws(() => sdp.parseSdp(text, { sections: 8 }), /line 12, .*more than 8 sections/);
  });

  test('ends with the third fmtp of a format', () => {
    const twice = `${head}${section}a=fmtp:5 a=1\r\na=fmtp:5 b=2\r\na=fmtp:6 c=3\r\n`;
    const { parameters } = sdp.parseSdp(twice).sections[0]?.codecs[5] as sdp.SdpCodec;
    assert.deepEqual(parameters, { b: 2 }, 'the last one holds');
    assert.throws(() => sdp.parseSdp(`${twice}a=fmtp:5 d=4\r\n`), /line 136, .*2 fmtp/);
  });

  test('is that of the lines, however many codecs they could be about', () => {
    const lines = types.map((type) => `a=fmtp:${type} x=1\r\na=rtcp-fb:${type} nack\r\n`);
    const text = head + section + lines.join('');
    // Whoever looked at every codec for every line would ask for 128 * 256 names.
    const { toLowerCase } = String.prototype;
    let looks = 0;
    String.prototype.toLowerCase = function (this: string) {
      looks += 1;
      return toLowerCase.call(this);
    };
    try {
      sdp.parseSdp(text);
    } finally {
      String.prototype.toLowerCase = toLowerCase;
    }
    assert.ok(looks < 1000, `${looks} names`);
  });

  test('is bounded by the parameters of a codec that there may be, empty ones included', () => {
    const withFormat = (format: string) => `${head}${section}a=fmtp:1 ${format}\r\n`;
    assert.doesNotThrow(() => sdp.parseSdp(withFormat('a=1;'.repeat(32))));
    assert.throws(() => sdp.parseSdp(withFormat('a=1;'.repeat(33))), /more than 32 parameters/);
    assert.throws(() => sdp.parseSdp(withFormat(';'.repeat(64))), /more than 32 parameters/);
  });
});
