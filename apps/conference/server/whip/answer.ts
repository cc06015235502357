// The answer to an offer that was granted as a whole (RFC 8829 §5.3.1).

import { randomInt } from 'node:crypto';

import { sdp } from '@sluice/sdk';

import type { types } from 'mediasoup-client';
import type { OfferPlan, OfferedSection } from './offer';

// The server's end of the transport.
export interface LocalEnd {
  iceParameters: types.IceParameters;
  iceCandidates: types.IceCandidate[];
  dtlsParameters: types.DtlsParameters;
}

// What differs from section to section; what is not there stays empty.
export type Granted = Pick<OfferedSection, 'direction'> &
  Partial<
    Pick<
      OfferedSection,
      'codecs' | 'headerExtensions' | 'rids' | 'simulcast' | 'msids' | 'sources' | 'sourceGroups'
    >
  >;

// `granted` by the index of the section in the offer. What was stopped there stays stopped.
export function writeAnswer(
  plan: OfferPlan,
  local: LocalEnd,
  granted: ReadonlyMap<number, Granted>,
): string {
  const { description, sections, dtls } = plan;
  // One by one: those of a transport are accessors, which a spread leaves behind.
  const { iceParameters, iceCandidates, dtlsParameters } = local;
  const end = { iceParameters, iceCandidates, dtlsParameters };
  const first = sections[0]?.index;
  return sdp.stringifySdp({
    // RFC 8829 §5.2.1: 62 random bits; Node draws 48 at a time, which will do.
    origin: {
      username: '-',
      sessionId: String(randomInt(2 ** 47)),
      sessionVersion: '1',
      address: '127.0.0.1',
    },
    name: '-',
    iceLite: true,
    iceOptions: [],
    groups: [{ semantics: 'BUNDLE', mids: sections.map(({ mid }) => mid) }].filter(
      () => sections.length > 1 || description.groups.length > 0,
    ),
    sections: description.sections.map((offered, index) => {
      const grant = granted.get(index);
      if (!grant) return stopped(offered);
      const setup = dtls.role === 'server' ? 'active' : 'passive';
      return section(offered, { ...end, setup, withCandidates: index === first, grant });
    }),
  });
}

function stopped(offered: OfferedSection): OfferedSection {
  return { ...bare(offered), port: 0, bundleOnly: false, direction: 'inactive' };
}

function section(
  offered: OfferedSection,
  {
    grant,
    setup,
    withCandidates,
    ...local
  }: LocalEnd & { grant: Granted; setup: 'active' | 'passive'; withCandidates: boolean },
): OfferedSection {
  const { usernameFragment, password } = local.iceParameters;
  const candidates = local.iceCandidates.map((one) => sdp.sdpCandidate(one as never));
  const answered: OfferedSection = {
    ...bare(offered),
    port: 9,
    ice: { usernameFragment, password },
    fingerprints: local.dtlsParameters.fingerprints.map(({ algorithm, value }) => ({
      algorithm,
      value: value.toUpperCase(),
    })),
    setup,
    // RFC 8843 §7.3.1: in the section that stands for the whole group.
    candidates: withCandidates ? candidates : [],
    endOfCandidates: withCandidates,
    ...grant,
  };
  const codecs = grant.codecs ?? offered.codecs.slice(0, 1);
  return { ...answered, codecs, formats: codecs.map(({ payloadType }) => String(payloadType)) };
}

function bare({ kind, protocol, formats, mid, ...offered }: OfferedSection): OfferedSection {
  return {
    ...{ kind, protocol, formats, port: 9, direction: 'inactive' },
    ...(mid === undefined ? {} : { mid }),
    ...{ iceOptions: [], fingerprints: [], candidates: [], endOfCandidates: false },
    ...{ bundleOnly: false, rtcpMux: true, rtcpMuxOnly: offered.rtcpMuxOnly },
    ...{ rtcpReducedSize: offered.rtcpReducedSize, extmapAllowMixed: offered.extmapAllowMixed },
    ...{ codecs: [], headerExtensions: [], msids: [], sources: [], sourceGroups: [], rids: [] },
  };
}

// A codec of ORTC as it stands in a section.
export function sectionCodec(codec: types.RtpCodecParameters): sdp.SdpCodec {
  const { mimeType, payloadType, clockRate, channels, parameters = {}, rtcpFeedback = [] } = codec;
  return {
    payloadType,
    name: mimeType.slice(mimeType.indexOf('/') + 1),
    clockRate,
    ...(channels === undefined ? {} : { channels }),
    parameters: { ...parameters } as sdp.SdpCodec['parameters'],
    rtcpFeedback: rtcpFeedback.map((feedback) => ({
      ...feedback,
      parameter: feedback.parameter ?? '',
    })),
  };
}
