// A WHEP viewer: one transport on which a participant's streams go out, and nobody of the room.
//
// WHEP never renegotiates, so what is sent is settled by the answer. When one of its streams ends, the
// session does, and the viewer asks anew for what is there then.

import { sdp } from '@sluice/sdk';

import type { types } from 'mediasoup-client';
import type { Source } from '../../protocol/messages';
import type { Conference } from '../conference';
import type { EngineConsumer, EngineParticipant, EngineTransport } from '../engine';
import { problem, tryLater } from '../http_problem';
import { reasonOf } from '../log';
import type { Peer, Sent } from '../peer';
import { createPlainTransport } from '../peer_transports';
import type { Room } from '../room';
import { sectionCodec, writeAnswer } from './answer';
import type { Granted } from './answer';
import { writeFragment } from './fragments';
import type { IceFragment, MediaListener, OpenedMedia, OpenRequest, WhipMedia } from './media';
import { planOffer, refused } from './offer';
import type { OfferPlan, PlannedSection } from './offer';
import { firstOf } from './publication';
import type { Endpoint, Watched } from './resource';
import { watchTransport } from './transport_watch';

// After which a viewer may look whether somebody is live; draft-ietf-wish-whep §4.2.
const kRetrySeconds = 3;

const kSources: Record<Watched, Record<'audio' | 'video', Source>> = {
  camera: { audio: 'microphone', video: 'camera' },
  screen: { audio: 'screen-audio', video: 'screen' },
};

export class Viewing implements WhipMedia {
  private closed = false;

  private constructor(
    private readonly plan: OfferPlan,
    private readonly seat: EngineParticipant,
    private readonly transport: EngineTransport,
  ) {}

  // Rejects with a Problem; then nothing is left.
  static async open(
    conference: Conference,
    { endpoint, offer }: OpenRequest,
    listener: MediaListener,
  ): Promise<OpenedMedia> {
    const plan = planOffer(offer, 'receives');
    const { room, peer } = find(conference, endpoint);
    const streams = streamsOf(peer, endpoint, plan);
    const seat = await room.group.join();
    try {
      const transport = await createPlainTransport(seat.router, room.liveOf(seat.worker));
      const media = new Viewing(plan, seat, transport);
      watchTransport(transport, listener);
      const answer = await media.begin(room, streams, listener);
      return { media, answer };
    } catch (error) {
      seat.leave();
      throw error;
    }
  }

  isCurrent({ iceUfrag, icePwd }: IceFragment): boolean {
    const { usernameFragment, password } = this.plan.ice;
    if (iceUfrag === undefined) return true;
    return iceUfrag === usernameFragment && icePwd === password;
  }

  async restart({ iceUfrag, icePwd }: IceFragment): Promise<string> {
    const ice = await this.transport.restartIce();
    this.plan.ice = { usernameFragment: iceUfrag ?? '', password: icePwd ?? '' };
    return writeFragment(ice, this.transport.iceCandidates, firstOf(this.plan));
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.transport.close();
    this.seat.leave();
  }

  private async begin(
    room: Room,
    streams: Map<PlannedSection, Sent>,
    listener: MediaListener,
  ): Promise<string> {
    try {
      const granted = new Map<number, Granted>();
      const consumers: EngineConsumer[] = [];
      for (const [planned, sent] of streams) {
        const consumer = await this.consume(room, planned, sent);
        consumer.on('producerclose', () => listener.ended('what was watched ended'));
        consumer.on('transportclose', () => listener.ended('the room closed'));
        consumers.push(consumer);
        granted.set(planned.index, grantOf(consumer, sent));
      }
      await this.transport.connect({ dtlsParameters: this.plan.dtls });
      for (const { index, section } of this.plan.sections) {
        if (!granted.has(index)) granted.set(index, nothingIn(section));
      }
      // Nothing leaves before the viewer has connected, and the key frame that a resumed picture
      // begins with is asked for when it has.
      await Promise.all(consumers.map((consumer) => consumer.resume()));
      return writeAnswer(this.plan, this.transport, granted);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  private async consume(
    room: Room,
    { section, index, mid }: PlannedSection,
    { producer }: Sent,
  ): Promise<EngineConsumer> {
    const rtpCapabilities = sdp.capabilitiesOf(section) as unknown as types.RtpCapabilities;
    const { id: producerId } = producer;
    if (!room.group.canConsume({ producerId, rtpCapabilities })) {
      throw refused(index, `what is sent (${codecOf(producer)}) is none of its codecs`);
    }
    try {
      const options = { producerId, rtpCapabilities, paused: true, mid };
      return await room.group.consume(this.transport, { ...options, numbering: 'receiver' });
    } catch (error) {
      if (producer.closed) throw notLive('It has just ended.');
      throw problem(422, `SDP section ${index}: ${reasonOf(error)}.`);
    }
  }
}

function codecOf({ rtpParameters }: Sent['producer']): string {
  return rtpParameters.codecs[0]?.mimeType ?? 'unknown';
}

function notLive(detail: string) {
  return tryLater(409, kRetrySeconds, detail);
}

// Whose streams they are: the one that is named, else whoever dominates, else the first who sends a
// picture, or anything.
function find(conference: Conference, { room: name, participant }: Endpoint) {
  const room = conference.findRoom(name);
  const peers = [...(room?.peers.values() ?? [])];
  const sending = peers.filter(({ producers }) => producers.size > 0);
  const withPicture = sending.filter(({ producers }) =>
    [...producers.values()].some(({ producer }) => producer.kind === 'video'),
  );
  const peer =
    participant === null
      ? (sending.find(({ id }) => id === room?.activeSpeaker) ?? withPicture[0] ?? sending[0])
      : (room?.peers.get(participant) ??
        peers.find(({ name: own }) => own.normalize('NFC') === participant));
  if (!room || !peer) throw notLive('Nobody is live here.');
  return { room, peer };
}

// By section; sections of which there is nothing are left out. Throws 409 if nothing is left.
function streamsOf(peer: Peer, { source }: Endpoint, plan: OfferPlan): Map<PlannedSection, Sent> {
  const all = [...peer.producers.values()];
  const streams = new Map<PlannedSection, Sent>();
  for (const planned of plan.sections) {
    const sent = all.find((one) => one.source === kSources[source][planned.kind]);
    if (sent && !sent.producer.closed) streams.set(planned, sent);
  }
  if (streams.size === 0) throw notLive('Nothing of this is live.');
  return streams;
}

function grantOf({ rtpParameters }: EngineConsumer, { producer }: Sent): Granted {
  const { codecs, headerExtensions = [], encodings = [], rtcp } = rtpParameters;
  const cname = rtcp?.cname ?? producer.id;
  // One stream for both, so that the viewer plays them in step (RFC 9725 §4.4.2).
  const [stream, track] = ['sluice', producer.id];
  const pairs = encodings.map(({ ssrc = 0, rtx }) => (rtx ? [ssrc, rtx.ssrc] : [ssrc]));
  return {
    direction: 'sendonly',
    codecs: codecs.map(sectionCodec),
    headerExtensions: headerExtensions.map(({ id, uri }) => ({ id, uri })),
    msids: [{ stream, track }],
    sources: pairs.flat().map((ssrc) => ({ ssrc, cname, msid: `${stream} ${track}` })),
    sourceGroups: pairs
      .filter(({ length }) => length > 1)
      .map((ssrcs) => ({ semantics: 'FID', ssrcs })),
  };
}

function nothingIn(section: PlannedSection['section']): Granted {
  const [codec] = section.codecs;
  if (!codec) return { direction: 'inactive' };
  return { direction: 'inactive', codecs: [codec] };
}
