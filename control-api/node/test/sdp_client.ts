// The other end of an SdpConnection: descriptions as a browser makes them, without a browser.
import { sdp } from '../src/index.js';

const fingerprint = { algorithm: 'sha-256', value: Array(32).fill('CD').join(':') };

const extensions: [number, string][] = [
  [4, 'urn:ietf:params:rtp-hdrext:sdes:mid'],
  [10, 'urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id'],
  [3, 'http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01'],
];

export class SdpClient {
  /** What it calls Opus, and VP8. */
  readonly opus = 111;
  readonly #vp8 = 96;
  readonly #sections: sdp.SdpSection[] = [];
  #generation = 0;
  #ssrc = 1000;
  #last: sdp.SessionDescription | undefined;

  publish(
    kind: 'audio' | 'video',
    { rids = [], codec }: { rids?: string[]; codec?: string } = {},
  ): sdp.SdpSection {
    const section = this.#section(kind, 'sendonly', codec);
    section.msids = [{ stream: 'home', track: `track-${section.mid}` }];
    section.rids = rids.map((id) => ({ id, direction: 'send', restrictions: {} }));
    if (rids.length > 0)
      section.simulcast = { send: rids.map((rid) => [{ rid, paused: false }]), recv: [] };
    else section.sources = [{ ssrc: (this.#ssrc += 1), cname: 'home' }];
    return section;
  }

  watch(kind: 'audio' | 'video'): sdp.SdpSection {
    return this.#section(kind, 'recvonly');
  }

  restartIce(): void {
    this.#generation += 1;
  }

  offer(): string {
    return this.#write(this.#sections, 'actpass');
  }

  /** Notes the sections of an answer, and gives it. */
  accept(answer: string): sdp.SessionDescription {
    this.#last = sdp.parseSdp(answer);
    return this.#last;
  }

  answered(section: sdp.SdpSection): sdp.SdpSection {
    return this.#last?.sections[this.#sections.indexOf(section)] as sdp.SdpSection;
  }

  /** Takes what the server offers. */
  answer(offer: sdp.SessionDescription, { refuse = false } = {}): string {
    for (const [index, offered] of offer.sections.entries()) {
      const mine = this.#sections[index];
      if (mine && mine.mid === offered.mid && mine.direction === 'sendonly') continue;
      const direction = offered.direction === 'sendonly' ? 'recvonly' : 'inactive';
      const { ssrc: _, ...rest } = { ...offered, ssrc: 0 };
      this.#sections[index] = {
        ...rest,
        direction,
        sources: [],
        sourceGroups: [],
        msids: [],
        candidates: [],
        port: refuse ? 0 : 9,
      };
    }
    return this.#write(this.#sections.slice(0, offer.sections.length), 'active');
  }

  #section(kind: 'audio' | 'video', direction: sdp.SdpDirection, codec?: string): sdp.SdpSection {
    const payloadType = kind === 'audio' ? this.opus : this.#vp8;
    const [name = '', rate] = (codec ?? (kind === 'audio' ? 'opus/48000' : 'VP8/90000')).split('/');
    const feedback = ['nack', 'nack pli', 'transport-cc'].map((text) => {
      const [type = '', parameter = ''] = text.split(' ');
      return { type, parameter };
    });
    const section = {
      ...(sdp.parseSdp('v=0\r\no=- 1 1 IN IP4 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\n')
        .sections[0] as sdp.SdpSection),
      kind,
      direction,
      mid: `${this.#sections.length}`,
      formats: [`${payloadType}`],
      rtcpMux: true,
      codecs: [
        {
          payloadType,
          name,
          clockRate: Number(rate),
          ...(kind === 'audio' ? { channels: 2 } : {}),
          parameters: {},
          rtcpFeedback: feedback,
        },
      ],
      headerExtensions: extensions.map(([id, uri]) => ({ id, uri })),
    };
    this.#sections.push(section);
    return section;
  }

  #write(sections: sdp.SdpSection[], setup: sdp.SdpSetup): string {
    const described = sections.map((section) => ({
      ...section,
      setup,
      fingerprints: [fingerprint],
      ice: {
        usernameFragment: `user${this.#generation}`,
        password: `passwordOfTheClient00${this.#generation}`.padEnd(24, 'x'),
      },
    }));
    const mids = described.flatMap(({ mid, port }) =>
      mid === undefined || port === 0 ? [] : [mid],
    );
    return sdp.stringifySdp({
      origin: { username: '-', sessionId: '7', sessionVersion: '1', address: '127.0.0.1' },
      name: '-',
      iceLite: false,
      iceOptions: ['trickle'],
      groups: [{ semantics: 'BUNDLE', mids }],
      sections: described,
    });
  }
}
