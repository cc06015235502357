// What stands at the far end of the tracks: FFmpeg writing a file, or any tool that reads an SDP.

import { renameSync, writeFileSync } from 'node:fs';

import { writeSdp } from '@sluice/sdk';

import { outputArguments } from './containers';
import type { Shape } from './containers';
import { Ffmpeg, ToolFailure } from './ffmpeg';
import { areBound, freePortPair } from './ports';
import type { TrackFormat } from './track';

const kLoopback = '127.0.0.1';
const kPortTries = 5;
const kLookEveryMs = 50;
const kCname = 'sluice-recorder';

export interface Far {
  host: string;
  // Of RTP, one for each track in order; RTCP goes to the port behind it.
  ports: number[];
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
    const ports: number[] = [];
    while (ports.length < offers.length) {
      const port = await freePortPair();
      if (!ports.includes(port)) ports.push(port);
    }
    const output = outputArguments(
      shape,
      offers.map(({ format }) => format),
      path,
    );
    const ffmpeg = Ffmpeg.start(program, describe(offers, kLoopback, ports), output);
    try {
      await ffmpeg.bound(ports.flatMap((port) => [port, port + 1]));
      return { host: kLoopback, ports, ended: ffmpeg.ended, stop: () => ffmpeg.stop() };
    } catch (error) {
      await ffmpeg.stop();
      const taken = error instanceof ToolFailure && error.kind === 'port';
      if (!taken || tries === kPortTries) throw error;
    }
  }
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
  const far = { host, ports, ended, stop: async () => stop() };
  const local = host === '::1' || host.startsWith('127.');
  while (local && !stopped && !areBound(ports)) {
    await new Promise((resolve) => setTimeout(resolve, kLookEveryMs));
  }
  return far;
}
