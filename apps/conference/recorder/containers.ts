// Which container holds which codec, and what FFmpeg is told to write it.
//
// Every file is written so that what is on the disk can be played if nothing more comes: Matroska in
// clusters of half a second, MP4 in fragments, both flushed as they come.

import type { PictureSize } from '../protocol/messages';
import type { TrackFormat } from './track';

export const kFormats = ['auto', 'webm', 'mp4'] as const;
export type Format = (typeof kFormats)[number];
export type Container = 'webm' | 'mp4';

const kCopied: Record<Container, string[]> = {
  webm: ['video/vp8', 'video/vp9', 'audio/opus'],
  mp4: ['video/h264', 'video/vp9', 'audio/opus'],
};
// What FFmpeg 5.1 takes over RTP.
const kReadable = ['video/vp8', 'video/vp9', 'video/h264', 'audio/opus'];

const kTranscoded: Record<Container, string[]> = {
  webm: [
    ...['-c:v', 'libvpx', '-deadline', 'realtime', '-cpu-used', '8', '-b:v', '2M', '-g', '150'],
    ...['-auto-alt-ref', '0'],
  ],
  mp4: [
    ...[
      '-c:v',
      'libx264',
      '-preset',
      'veryfast',
      '-tune',
      'zerolatency',
      '-crf',
      '23',
      '-g',
      '150',
    ],
    ...['-pix_fmt', 'yuv420p'],
  ],
};

const kMuxer: Record<Container, string[]> = {
  webm: ['-f', 'webm', '-cluster_time_limit', '500', '-cluster_size_limit', '262144'],
  mp4: [
    ...['-f', 'mp4', '-movflags', 'frag_keyframe+empty_moov+default_base_moof'],
    ...['-frag_duration', '1000000'],
  ],
};

export interface Shape {
  format: Format;
  // Pictures are decoded and encoded anew in this size; null leaves them as they are.
  transcode: PictureSize | null;
}

const kDefaultSize = { width: 1280, height: 720 };

export function isReadable({ mimeType }: TrackFormat): boolean {
  return kReadable.includes(mimeType.toLowerCase());
}

export function containerFor(format: Format, tracks: TrackFormat[]): Container {
  if (format !== 'auto') return format;
  return tracks.some(({ mimeType }) => mimeType.toLowerCase() === 'video/h264') ? 'mp4' : 'webm';
}

// Whether the pictures of these tracks have to be encoded anew for this container.
export function mustTranscode(container: Container, tracks: TrackFormat[]): boolean {
  return !tracks.every(({ mimeType }) => kCopied[container].includes(mimeType.toLowerCase()));
}

// The tracks come by so many inputs, in whatever order.
export function outputArguments(
  shape: Shape,
  tracks: TrackFormat[],
  inputs: number,
  path: string,
): string[] {
  const container = containerFor(shape.format, tracks);
  const size = shape.transcode ?? (mustTranscode(container, tracks) ? kDefaultSize : null);
  return [
    ...Array.from({ length: inputs }, (_, index) => ['-map', String(index)]).flat(),
    ...['-c', 'copy'],
    ...(size && tracks.some(({ kind }) => kind === 'video')
      ? ['-vf', fit(size), ...kTranscoded[container], '-vsync', 'vfr']
      : []),
    ...kMuxer[container],
    // The tracks of a muted participant lie apart; waiting for the other one would keep half of it
    // in memory.
    ...['-max_interleave_delta', '500000', '-flush_packets', '1'],
    path,
  ];
}

// The whole picture, with bars where it has another shape.
function fit({ width, height }: PictureSize): string {
  const scale = `scale=${width}:${height}:force_original_aspect_ratio=decrease`;
  return `${scale},pad=${width}:${height}:-1:-1,setsar=1`;
}
