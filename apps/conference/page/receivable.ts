// What this browser can receive, told in full.
import type { types } from 'mediasoup-client';

/**
 * mediasoup-client lists a header extension that sound and pictures share under one of them only.
 * With `sound`, the extensions that the browser reads in sound, the server knows that it may number
 * sound as well: that goes on when a path is too narrow for pictures, and tells of the path.
 */
export function receivable(
  capabilities: types.RtpCapabilities,
  sound: ReadonlySet<string>,
): types.RtpCapabilities {
  const listed = capabilities.headerExtensions ?? [];
  const missing = listed.filter(
    ({ kind, uri }) =>
      kind === 'video' &&
      sound.has(uri) &&
      !listed.some((other) => other.kind === 'audio' && other.uri === uri),
  );
  const added = missing.map((extension) => ({ ...extension, kind: 'audio' as const }));
  return { ...capabilities, headerExtensions: [...listed, ...added] };
}

/** The header extensions that the browser reads in sound. */
export function soundExtensions(): ReadonlySet<string> {
  const { RTCRtpReceiver: receiver } = globalThis;
  const extensions = receiver?.getCapabilities?.('audio')?.headerExtensions ?? [];
  return new Set(extensions.map(({ uri }) => uri));
}
