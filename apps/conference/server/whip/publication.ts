// A WHIP publisher is a person of the room who sees and hears nobody.
//
// It joins as pages do and asks for what pages ask for, in the same words, so that limits, grants,
// moderators, webhooks and recorders know no difference.

import { randomBytes } from 'node:crypto';

import { sdp } from '@sluice/sdk';

import type { types } from 'mediasoup-client';
import { tidyName } from '../../protocol/messages';
import type {
  DismissalReason,
  EventName,
  JoinAnswer,
  Methods,
  Source,
} from '../../protocol/messages';
import type { Conference, Participant } from '../conference';
import type { Peer } from '../peer';
import { sectionCodec, writeAnswer } from './answer';
import type { Granted, LocalEnd } from './answer';
import { writeFragment } from './fragments';
import type { IceFragment, MediaListener, OpenedMedia, OpenRequest, WhipMedia } from './media';
import { planOffer, refused } from './offer';
import type { OfferPlan, PlannedSection } from './offer';
import { watchTransport } from './transport_watch';

const kNobodysName = 'WHIP';
const kSources: Record<'audio' | 'video', Source> = { audio: 'microphone', video: 'camera' };

export interface PublicationSetup {
  conference: Conference;
  // What every router of this server has, and its digest.
  routerRtpCapabilities: types.RtpCapabilities;
  revision: string;
}

// A stream that will be sent, and what is granted of its section.
interface PlannedStream {
  planned: PlannedSection;
  produce: Methods['produce']['data'];
  granted: Granted;
}

export class Publication implements WhipMedia, Participant {
  readonly publishesOnly = true;
  private peer: Peer | null = null;
  private closed = false;
  private readonly room: string;

  private constructor(
    private readonly setup: PublicationSetup,
    { endpoint }: OpenRequest,
    private readonly plan: OfferPlan,
    private readonly listener: MediaListener,
  ) {
    this.room = endpoint.room;
  }

  // Rejects with a Problem, or a Refusal of the conference; then nothing is left.
  static async open(
    setup: PublicationSetup,
    request: OpenRequest,
    listener: MediaListener,
  ): Promise<OpenedMedia> {
    const plan = planOffer(request.offer, 'sends');
    const { routerRtpCapabilities } = setup;
    const streams = plan.sections.map((planned) => planStream(planned, routerRtpCapabilities));
    const media = new Publication(setup, request, plan, listener);
    try {
      const answer = await media.join(request);
      return { media, answer: await media.negotiate(answer, streams) };
    } catch (error) {
      media.close();
      throw error;
    }
  }

  isCurrent({ iceUfrag, icePwd }: IceFragment): boolean {
    const { usernameFragment, password } = this.plan.ice;
    if (iceUfrag === undefined) return true;
    return iceUfrag === usernameFragment && icePwd === password;
  }

  async restart({ iceUfrag, icePwd }: IceFragment): Promise<string> {
    const { transport } = this.require();
    const ice = await transport.restartIce();
    this.plan.ice = { usernameFragment: iceUfrag ?? '', password: icePwd ?? '' };
    return writeFragment(ice, transport.iceCandidates, firstOf(this.plan));
  }

  close(): void {
    this.closed = true;
    const { peer } = this;
    this.peer = null;
    if (peer) this.setup.conference.leave(peer, this.room);
  }

  // Events of the room are for pages. An encoder cannot move to another worker as they do; it comes
  // again sooner if it is not kept until the time is over.
  readonly send = (event: EventName): void => {
    if (event === 'moveRequested') this.listener.ended('its worker is being replaced');
  };

  forgetPeer(): void {
    this.peer = null;
    this.listener.ended('the media server was restarted');
  }

  replace(): void {
    this.peer = null;
    this.listener.ended('replaced');
  }

  dismiss(why: DismissalReason): void {
    this.listener.ended(why === 'expired' ? 'the token expired' : `dismissed: ${why}`);
  }

  private async join({ name, token }: OpenRequest): Promise<JoinAnswer> {
    const { conference, revision } = this.setup;
    const request = {
      name: tidyName(name ?? '') || kNobodysName,
      session: randomBytes(16).toString('hex'),
      revision,
      rtpCapabilities: { codecs: [], headerExtensions: [] },
      ...(token === undefined ? {} : { token }),
    };
    const { peer, answer } = await conference.join(this.room, request, this);
    this.peer = peer;
    if (this.closed) this.close();
    peer.releaseEvents();
    return answer;
  }

  private async negotiate(joined: JoinAnswer, streams: PlannedStream[]): Promise<string> {
    const { peer, transport } = this.require();
    watchTransport(transport, this.listener);
    for (const { produce } of streams) await peer.handle('produce', produce);
    const { id, ...local } = joined.sendTransport;
    const { dtls } = this.plan;
    await peer.handle('connectTransport', { transportId: id, dtlsParameters: dtls });
    const granted = new Map(streams.map(({ planned, granted }) => [planned.index, granted]));
    return writeAnswer(this.plan, local satisfies LocalEnd, granted);
  }

  private require() {
    const { peer } = this;
    if (!peer) throw new Error('the publisher has left the room');
    return { peer, transport: peer.sendTransport };
  }
}

export function firstOf({ sections }: OfferPlan): PlannedSection {
  const [first] = sections;
  if (!first) throw new Error('a plan without sections');
  return first;
}

function planStream(planned: PlannedSection, router: types.RtpCapabilities): PlannedStream {
  const { section, index, mid, kind } = planned;
  const accepted = sdp.acceptCodecs(section, router as never);
  if (!accepted) {
    const names = [...new Set(section.codecs.map(({ name }) => name))].slice(0, 8).join(', ');
    throw refused(index, `none of its codecs is taken here (${names || 'there is none'})`);
  }
  const { rtpParameters, rids } = senderParameters(planned, accepted, mid);
  const produce = {
    ...{ source: kSources[kind], kind, paused: false },
    rtpParameters: rtpParameters as types.RtpParameters,
  };
  const codecs = accepted.codecs.map((codec) => sectionCodec(codec as types.RtpCodecParameters));
  const granted: Granted = {
    direction: 'recvonly',
    codecs,
    headerExtensions: accepted.headerExtensions,
    ...(rids.length === 0 ? {} : simulcastOf(rids)),
  };
  return { planned, produce, granted };
}

function senderParameters(
  { section, index }: PlannedSection,
  accepted: sdp.AcceptedCodecs,
  mid: string,
): sdp.SenderParameters {
  try {
    return sdp.senderParameters(section, accepted, { mid, index });
  } catch (error) {
    if (error instanceof sdp.SdpError) throw refused(index, error.message);
    throw error;
  }
}

function simulcastOf(rids: string[]): Pick<Granted, 'rids' | 'simulcast'> {
  return {
    rids: rids.map((id) => ({ id, direction: 'recv', restrictions: {} })),
    simulcast: { send: [], recv: rids.map((rid) => [{ rid, paused: false }]) },
  };
}
