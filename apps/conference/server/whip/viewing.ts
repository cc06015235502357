// A WHEP viewer: one transport on which a participant's streams go out, and nobody of the room.
//
// WHEP never renegotiates, so what is sent is settled by the answer. When one of its streams ends, the
// session does, and the viewer asks anew for what is there then.

import { sdp, SdpConnection } from '@sluice/sdk';
import type { SdpSender, types as sdk } from '@sluice/sdk';

import type { types } from 'mediasoup-client';
import type { Source } from '../../protocol/messages';
import type { Conference } from '../conference';
import type { EngineParticipant, EngineProducer, EngineTransport } from '../engine';
import { problem, tryLater } from '../http_problem';
import type { Peer, Sent } from '../peer';
import { createPlainTransport } from '../peer_transports';
import type { Room } from '../room';
import { passFragment } from './fragments';
import type { MediaListener, OpenedMedia, OpenRequest, WatchedMedia, WhipMedia } from './media';
import { asProblem, planOffer, refused } from './offer';
import type { OfferPlan, PlannedSection } from './offer';
import type { Endpoint, Watched } from './resource';
import { watchTransport } from './transport_watch';
import { chooseLayers, describeLayers } from './watched_layers';

// After which a viewer may look whether somebody is live; draft-ietf-wish-whep §4.2.
const kRetrySeconds = 3;
// One stream for sound and picture, so that the viewer plays them in step (RFC 9725 §4.4.2).
const kStreamId = 'sluice';
const kJustEnded = 'It has just ended.';

const kSources: Record<Watched, Record<'audio' | 'video', Source>> = {
  camera: { audio: 'microphone', video: 'camera' },
  screen: { audio: 'screen-audio', video: 'screen' },
};

export interface ViewingSetup {
  conference: Conference;
  // What every router of this server has.
  routerRtpCapabilities: types.RtpCapabilities;
}

interface Watch {
  section: PlannedSection;
  sent: Sent;
  sender: SdpSender;
}

export class Viewing implements WhipMedia {
  watched: WatchedMedia | null = null;
  private closed = false;
  private readonly connection: SdpConnection;

  private constructor(
    { group }: Room,
    private readonly seat: EngineParticipant,
    transport: EngineTransport,
  ) {
    this.connection = SdpConnection.serve(seat.router as never, transport as never, {
      make: { consume: (options) => group.consume(transport, options as never) as never },
    });
  }

  // Rejects with a Problem; then nothing is left.
  static async open(
    { conference, routerRtpCapabilities }: ViewingSetup,
    { endpoint, offer }: OpenRequest,
    listener: MediaListener,
  ): Promise<OpenedMedia> {
    const plan = planOffer(offer, 'receives', routerRtpCapabilities);
    const { room, peer } = find(conference, endpoint);
    const streams = streamsOf(peer, endpoint, plan);
    for (const [section, sent] of streams.found) requireDecodable(room, section, sent);
    const seat = await room.group.join();
    try {
      const transport = await createPlainTransport(seat.router, room.liveOf(seat.worker));
      const media = new Viewing(room, seat, transport);
      watchTransport(transport, listener);
      const answer = await media.begin(plan, streams, listener);
      return { media, answer };
    } catch (error) {
      seat.leave();
      throw error;
    }
  }

  takeFragment(fragment: sdp.SdpFragment): Promise<string | null> {
    return passFragment(this.connection, fragment);
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.connection.close();
    this.seat.leave();
  }

  // Each stream finds its section by its kind: there is at most one of each.
  private async begin(
    { description }: OfferPlan,
    streams: Found,
    listener: MediaListener,
  ): Promise<string> {
    const { peer, source, found } = streams;
    try {
      const watches = found.map(([section, sent]): Watch => {
        return { section, sent, sender: this.send(sent.producer, listener) };
      });
      const answer = await this.connection.answer(description);
      if (watches.some(({ sender }) => sender.state !== 'sending')) throw notLive(kJustEnded);
      this.watched = watchedOf(peer, source, watches);
      return answer;
    } catch (error) {
      this.close();
      if (found.some(([, { producer }]) => producer.closed)) throw notLive(kJustEnded);
      throw asProblem(422, error);
    }
  }

  private send(producer: EngineProducer, listener: MediaListener): SdpSender {
    const what = producer as EngineProducer & sdk.SdpSource;
    const sender = this.connection.send(what, { streamId: kStreamId });
    sender.once('close', () => {
      if (this.closed) return;
      listener.ended(this.connection.closed ? 'the room closed' : 'what was watched ended');
    });
    return sender;
  }
}

function watchedOf({ id }: Peer, source: Watched, watches: Watch[]): WatchedMedia {
  const picture = watches.find(({ section }) => section.kind === 'video');
  const layersOf = async ({ sent }: Watch) => describeLayers(await sent.producer.getStats(), sent);
  return {
    participant: id,
    source,
    hasPicture: picture !== undefined,
    isActive: () => watches.some(({ sent }) => !sent.producer.closed && !sent.producer.paused),
    layers: async () => (picture ? { [picture.section.index]: await layersOf(picture) } : {}),
    async select(index, selection) {
      const consumer = picture?.sender.consumer;
      if (!picture || !consumer) throw problem(422, 'There is no picture.');
      if (index !== null && index !== picture.section.index) {
        throw problem(422, `mediaId: it is section ${picture.section.index} that has a picture.`);
      }
      await consumer.setPreferredLayers(chooseLayers(await layersOf(picture), selection));
    },
  };
}

function requireDecodable(
  room: Room,
  { section, index }: PlannedSection,
  { producer }: Sent,
): void {
  const rtpCapabilities = sdp.capabilitiesOf(section) as unknown as types.RtpCapabilities;
  if (room.group.canConsume({ producerId: producer.id, rtpCapabilities })) return;
  throw refused(index, `what is sent (${codecOf(producer)}) is none of its codecs`);
}

// Of H264 it is the profile that a decoder may lack.
function codecOf({ rtpParameters }: Sent['producer']): string {
  const { mimeType = 'unknown', parameters = {} } = rtpParameters.codecs[0] ?? {};
  const profile = parameters['profile-level-id'];
  return profile === undefined ? mimeType : `${mimeType} of profile-level-id ${profile}`;
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

// What there is to watch of somebody.
interface Found {
  peer: Peer;
  source: Watched;
  found: [PlannedSection, Sent][];
}

// By section; sections of which there is nothing are left out. Throws 409 if nothing is left.
function streamsOf(peer: Peer, { source }: Endpoint, plan: OfferPlan): Found {
  const all = [...peer.producers.values()];
  const found: Found['found'] = [];
  for (const planned of plan.sections) {
    const sent = all.find((one) => one.source === kSources[source][planned.kind]);
    if (sent && !sent.producer.closed) found.push([planned, sent]);
  }
  if (found.length === 0) throw notLive('Nothing of this is live.');
  return { peer, source, found };
}
