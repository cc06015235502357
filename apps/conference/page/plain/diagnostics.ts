// `window.sluicePlain`: what the page knows about its call, for tests and for the curious.

import type { Source } from '../../protocol/messages';
import type { Call } from './call';
import type { OwnMedia } from './own_media';

export interface PlainDiagnostics {
  state(): PlainState;
  // Of what is received, by section: the numbers of RTCInboundRtpStreamStats.
  stats(): Promise<PlainStats>;
  // For tests: what comes from the page's own buttons cannot be all.
  connection(): RTCPeerConnection | null;
  // For tests: hands a description to the server as it is.
  negotiate(sdp: string): Promise<unknown>;
}

export interface PlainState {
  connection: string;
  signaling: string;
  sections: number;
  left: boolean;
  sending: Source[];
  chatOpen: boolean;
  peers: { id: string; name: string; streams: Record<string, string> }[];
}

export interface PlainStats {
  received: Record<
    string,
    { kind: string; framesDecoded: number; frameWidth: number; bytes: number }
  >;
  sent: { rid: string | null; kind: string; packetsSent: number; frameWidth: number }[];
}

interface Known {
  call: Call | null;
  media: OwnMedia;
  left: boolean;
}

export function diagnose(look: () => Known): PlainDiagnostics {
  return {
    state: () => stateOf(look()),
    stats: () => statsOf(look()),
    connection: () => look().call?.link.connection ?? null,
    negotiate: async (sdp) => look().call?.signalling.request('negotiate', { type: 'offer', sdp }),
  };
}

function stateOf({ call, media, left }: Known): PlainState {
  const connection = call?.link.connection;
  const sources = ['camera', 'microphone', 'screen'] as const;
  return {
    connection: connection?.connectionState ?? 'none',
    signaling: connection?.signalingState ?? 'none',
    sections: connection?.getTransceivers().length ?? 0,
    left,
    sending: sources.filter((source) => media.track(source) !== null),
    chatOpen: call?.talk.open ?? false,
    peers: [...(call?.people.all.values() ?? [])].map(({ id, name, streams }) => ({
      id,
      name,
      streams: Object.fromEntries(
        [...streams].map(([source, { description }]) => [
          source,
          description.rtpParameters.mid ?? '',
        ]),
      ),
    })),
  };
}

async function statsOf({ call }: Known): Promise<PlainStats> {
  const stats: PlainStats = { received: {}, sent: [] };
  const report = await call?.link.connection.getStats();
  report?.forEach((entry: Record<string, never>) => {
    const { type, mid, rid, kind, framesDecoded, frameWidth, bytesReceived, packetsSent } = entry;
    if (type === 'inbound-rtp') {
      const bytes = bytesReceived ?? 0;
      stats.received[mid ?? ''] = {
        ...{ kind: kind ?? '', framesDecoded: framesDecoded ?? 0 },
        ...{ frameWidth: frameWidth ?? 0, bytes },
      };
    } else if (type === 'outbound-rtp') {
      const width = frameWidth ?? 0;
      stats.sent.push({
        ...{ rid: rid ?? null, kind: kind ?? '' },
        ...{ packetsSent: packetsSent ?? 0, frameWidth: width },
      });
    }
  });
  return stats;
}
