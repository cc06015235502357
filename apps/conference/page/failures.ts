// Every way this page can fail, in a sentence that says what to do.

import { CloseCode } from '../protocol/messages';
import type { DismissalReason, ErrorCode, Events } from '../protocol/messages';

export type Device = 'camera' | 'microphone' | 'screen';

// Why a device did not open. The names are those of the Media Capture specification.
export function explainDevice(error: unknown, device: Device): string {
  const name = error instanceof Error || error instanceof DOMException ? error.name : '';
  switch (name) {
    case 'NotAllowedError':
    case 'SecurityError':
      return device === 'screen'
        ? 'The screen is not shared: permission was not given.'
        : `The ${device} is blocked. Allow it in the address bar of the browser, then try again.`;
    case 'NotFoundError':
    case 'DevicesNotFoundError':
      return `No ${device} was found. Connect one and try again.`;
    case 'NotReadableError':
    case 'TrackStartError':
    case 'AbortError':
      return `The ${device} is in use by another program. Close it there and try again.`;
    case 'OverconstrainedError':
      return `The chosen ${device} is gone. Choose another one in the settings.`;
    default:
      return `The ${device} could not be opened${name ? ` (${name})` : ''}.`;
  }
}

export interface Surroundings {
  isSecureContext: boolean;
  hasMediaDevices: boolean;
  hasPeerConnection: boolean;
  hasWebSocket: boolean;
}

export type Obstacle = { fatal: boolean; text: string };

// What stands in the way before anything was tried.
export function findObstacle(seen: Surroundings): Obstacle | null {
  if (!seen.hasPeerConnection || !seen.hasWebSocket) {
    return {
      fatal: true,
      text: 'This browser cannot hold calls. Use a current Chrome, Edge, Firefox or Safari.',
    };
  }
  if (!seen.isSecureContext || !seen.hasMediaDevices) {
    return {
      fatal: false,
      text:
        'Camera and microphone need a secure page. Open it as https:// (start the server with ' +
        '--https) or as http://localhost. You can still join to watch and listen.',
    };
  }
  return null;
}

// Refusals that no retry will change; the person has to decide.
const kFinal: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'bad_message',
  'bad_request',
  'draining',
  'room_full',
  'rooms_full',
  'server_full',
  'unauthorized',
]);

export function isFinal(code: ErrorCode): boolean {
  return kFinal.has(code);
}

// The title and text of the page that says why the call did not happen or has ended.
export function explainRefusal(code: ErrorCode, message: string): { title: string; text: string } {
  switch (code) {
    case 'room_full':
      return { title: 'This room is full', text: `${message} Try again when somebody has left.` };
    case 'server_full':
    case 'rooms_full':
      return { title: 'The server is full', text: `${message} Try again in a few minutes.` };
    case 'draining':
      return { title: 'No new rooms here', text: `${message} Try again in a minute.` };
    case 'unauthorized':
      return { title: 'You need an invitation', text: message };
    default:
      return { title: 'The server refused', text: message };
  }
}

// Why the server closed the socket, if it is final; null means: try again.
export function explainClose(code: number): { title: string; text: string } | null {
  switch (code) {
    case CloseCode.replaced:
      return { title: 'You joined again', text: 'This tab was replaced by a newer connection.' };
    case CloseCode.badMessage:
      return {
        title: 'Page and server do not match',
        text: 'The server did not understand this page. Reload it.',
      };
    default:
      return null;
  }
}

// The server ended the stay, in its own words.
export function explainDismissal(
  why: DismissalReason,
  message: string,
): { title: string; text: string } {
  switch (why) {
    case 'removed':
      return { title: 'You were removed', text: message };
    case 'roomClosed':
      return { title: 'The room was closed', text: message };
    default:
      return { title: 'Your invitation has expired', text: message };
  }
}

// Null if the codec that the address asks for can be sent, or none is asked for.
export function explainMissingCodec(
  codec: string | null,
  known: readonly { mimeType: string }[],
): string | null {
  const wanted = `video/${codec}`.toLowerCase();
  if (codec === null || known.some(({ mimeType }) => mimeType.toLowerCase() === wanted))
    return null;
  return `This browser cannot send ${codec}; it will choose another codec.`;
}

// What somebody sends, and this browser has no decoder for.
export function explainUndecodable({ name, source, codec }: Events['undecodable']): string {
  const what = source === 'screen-audio' ? 'sound of the screen' : source;
  return `The ${what} of ${name} is sent as ${codec}, which this browser cannot decode.`;
}
