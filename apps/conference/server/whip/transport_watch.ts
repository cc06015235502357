// Whether the far end of a transport is there: what a session has to know of it.

import type { EngineTransport } from '../engine';
import type { MediaListener } from './media';

// RFC 9725 §4.3.1: consent that is lost, and DTLS that is closed by the other side, end a session.
export function watchTransport(transport: EngineTransport, listener: MediaListener): void {
  transport.on('icestatechange', (state) => {
    if (state === 'disconnected') listener.ended('consent was lost');
  });
  transport.on('dtlsstatechange', (state) => {
    if (state === 'connected') listener.connected();
    if (state === 'failed') listener.ended('DTLS failed');
    if (state === 'closed') listener.ended('the client closed DTLS');
  });
}
