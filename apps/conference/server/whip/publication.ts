// A WHIP publisher is a person of the room who sees and hears nobody.
//
// It joins and negotiates as a page without a library does (sdp_media.ts), so that limits, grants,
// moderators, webhooks and recorders know no difference.

import { randomBytes } from 'node:crypto';

import type { sdp } from '@sluice/sdk';
import type { types } from 'mediasoup-client';

import { tidyName } from '../../protocol/messages';
import type { DismissalReason, EventName } from '../../protocol/messages';
import type { Conference, Participant } from '../conference';
import type { Peer } from '../peer';
import { passFragment } from './fragments';
import type { MediaListener, OpenedMedia, OpenRequest, WhipMedia } from './media';
import { asProblem, planOffer } from './offer';
import type { OfferPlan } from './offer';
import { watchTransport } from './transport_watch';

const kNobodysName = 'WHIP';

export interface PublicationSetup {
  conference: Conference;
  // What every router of this server has, and its digest.
  routerRtpCapabilities: types.RtpCapabilities;
  revision: string;
}

export class Publication implements WhipMedia, Participant {
  readonly publishesOnly = true;
  readonly watched = null;
  private peer: Peer | null = null;
  private closed = false;
  private readonly room: string;

  private constructor(
    private readonly setup: PublicationSetup,
    { endpoint }: OpenRequest,
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
    const plan = planOffer(request.offer, 'sends', setup.routerRtpCapabilities);
    const media = new Publication(setup, request, listener);
    try {
      await media.join(request);
      return { media, answer: await media.answer(plan) };
    } catch (error) {
      media.close();
      throw error;
    }
  }

  takeFragment(fragment: sdp.SdpFragment): Promise<string | null> {
    return passFragment(this.require().negotiator, fragment);
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

  private async join({ name, token }: OpenRequest): Promise<void> {
    const { conference, revision } = this.setup;
    const request = {
      name: tidyName(name ?? '') || kNobodysName,
      session: randomBytes(16).toString('hex'),
      revision,
      media: 'sdp' as const,
      rtpCapabilities: { codecs: [], headerExtensions: [] },
      ...(token === undefined ? {} : { token }),
    };
    const { peer } = await conference.join(this.room, request, this);
    this.peer = peer;
    if (this.closed) this.close();
    peer.releaseEvents();
  }

  private async answer({ description }: OfferPlan): Promise<string> {
    const { peer, negotiator } = this.require();
    watchTransport(peer.sendTransport, this.listener);
    try {
      return await negotiator.answer(description);
    } catch (error) {
      throw asProblem(422, error);
    }
  }

  private require() {
    const { peer } = this;
    if (!peer?.sdp) throw new Error('the publisher has left the room');
    return { peer, negotiator: peer.sdp };
  }
}
