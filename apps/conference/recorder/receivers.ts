// What stands at the far end of the tracks: FFmpeg writing a file, or any tool that reads an SDP.

import { renameSync, writeFileSync } from 'node:fs';

import { writeSdp } from '@sluice/sdk';

import { outputArguments } from './containers';
import type { Shape } from './containers';
import { Ffmpeg, ToolFailure } from './ffmpeg';
import { IvfOutput } from './ivf';
import { PortPair, areBound, freePortPair } from './ports';
import type { TrackFormat, TrackOutput } from './track';

const kLoopback = '127.0.0.1';
const kPortTries = 5;
const kLookEveryMs = 50;
const kCname = 'sluice-recorder';

export interface Far {
  // How to reach it, one for each track in order.
  outputs: (() => Promise<TrackOutput>)[];
  // Null after an orderly end.
  ended: Promise<ToolFailure | null>;
  stop(): Promise<void>;
}

export interface Offer {
  format: TrackFormat;
  ssrc: number;
}

// Resolves when the far end listens.
export type OpenFar = (offers: Offer[]) => Promise<Far>;

function describe(offers: Offer[], host: string, ports: number[]): string {
  const media = offers.map(({ format, ssrc }, index) => {
    const { kind, mimeType, payloadType, clockRate, channels, parameters } = format;
    const codec = { mimeType, payloadType, clockRate, channels, parameters, rtcpFeedback: [] };
    const port = ports[index]!;
    return {
      kind,
      rtpParameters: { codecs: [codec], encodings: [{ ssrc }], rtcp: { cname: kCname } },
      ip: host,
      port,
      rtcpPort: port + 1,
    };
  });
  return writeSdp(media as Parameters<typeof writeSdp>[0], { name: 'Sluice recording' });
}

// Between finding a port and binding it somebody else may take it: then another one is tried.
export async function openFile(
  program: string,
  shape: Shape,
  offers: Offer[],
  path: string,
): Promise<Far> {
  for (let tries = 1; ; ++tries) {
    const ports = await freePorts(offers);
    const overRtp = offers.filter((_, index) => ports[index] !== null);
    const heard = ports.filter((port) => port !== null);
    const sdp = heard.length > 0 ? describe(overRtp, kLoopback, heard) : null;
    const formats = [...overRtp, ...offers.filter(isPiped)].map(({ format }) => format);
    const piped = offers.some(isPiped);
    const inputs = (sdp ? 1 : 0) + (piped ? 1 : 0);
    const output = outputArguments(shape, formats, inputs, path);
    const ffmpeg = Ffmpeg.start(program, { sdp, piped }, output);
    try {
      await ffmpeg.bound(heard.flatMap((port) => [port, port + 1]));
      const outputs = offers.map((offer, index) => async () => {
        const port = ports[index] ?? null;
        return port === null ? ivfOutput(ffmpeg, offer) : PortPair.to(kLoopback, port);
      });
      return { outputs, ended: ffmpeg.ended, stop: () => ffmpeg.stop() };
    } catch (error) {
      await ffmpeg.stop();
      const taken = error instanceof ToolFailure && error.kind === 'port';
      if (!taken || tries === kPortTries) throw error;
    }
  }
}

// FFmpeg 5.1 refuses VP9 that tells of layers over RTP, and does not see which of its pictures are key
// frames, without which no player can begin. As pictures in a pipe it takes it.
function isPiped({ format }: Offer): boolean {
  return format.mimeType.toLowerCase() === 'video/vp9';
}

function ivfOutput(ffmpeg: Ffmpeg, { format }: Offer): TrackOutput {
  const { pipe } = ffmpeg;
  if (!pipe) throw new ToolFailure('died', 'FFmpeg has no pipe for pictures');
  return new IvfOutput(pipe, format.clockRate);
}

// Null for what does not go over RTP.
async function freePorts(offers: Offer[]): Promise<(number | null)[]> {
  const ports: (number | null)[] = [];
  while (ports.length < offers.length) {
    const port = isPiped(offers[ports.length]!) ? null : await freePortPair();
    if (port === null || !ports.includes(port)) ports.push(port);
  }
  return ports;
}

// Writes the SDP, whole or not at all, and waits for the tool if it is on this machine.
export async function openTool(
  target: { host: string; port: number },
  offers: Offer[],
  path: string,
): Promise<Far> {
  const { host, port } = target;
  const ports = offers.map((_, index) => port + 2 * index);
  writeFileSync(`${path}.part`, describe(offers, host, ports));
  renameSync(`${path}.part`, path);
  let stop = () => {};
  const ended = new Promise<null>((resolve) => (stop = () => resolve(null)));
  let stopped = false;
  void ended.then(() => (stopped = true));
  const outputs = ports.map((each) => () => PortPair.to(host, each));
  const far = { outputs, ended, stop: async () => stop() };
  const local = host === '::1' || host.startsWith('127.');
  while (local && !stopped && !areBound(ports)) {
    await new Promise((resolve) => setTimeout(resolve, kLookEveryMs));
  }
  return far;
}
