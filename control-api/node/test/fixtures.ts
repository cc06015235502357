// What several tests need: workers that do as they are told, and the dictionaries of a browser.
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import {
  createWorker,
  setLogEventListeners,
  type Router,
  type types,
  type Worker,
} from '../src/index.js';
import type { Script } from './fake_worker.js';

const folder = mkdtempSync(join(tmpdir(), 'sluice-sdk-test-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
let scripts = 0;

/** Generous: a busy machine takes a second to start a fake worker. */
const eventTimeout = 10_000;

/** Long enough for what a busy machine answers at once, for tests of what it does not. */
export const shortTimeout = 1000;

/** An executable that starts a fake worker with `script`. */
export function fakeWorkerBin(script: Script = {}): string {
  const fake = join(dirname(fileURLToPath(import.meta.url)), 'fake_worker.js');
  const path = join(folder, `worker-${(scripts += 1)}`);
  const environment = JSON.stringify(script).replaceAll("'", "'\\''");
  writeFileSync(
    path,
    `#!/bin/sh\nFAKE_WORKER='${environment}' exec '${process.execPath}' '${fake}' "$@"\n`,
  );
  chmodSync(path, 0o755);
  return path;
}

export async function withFakeWorker(
  script: Script,
  body: (worker: Worker) => Promise<void>,
  settings: types.WorkerSettings = {},
): Promise<void> {
  const worker = await createWorker({ workerBin: fakeWorkerBin(script), ...settings });
  try {
    await body(worker);
  } finally {
    await end(worker);
  }
}

/** Closes `worker` and waits until its process is gone. */
export async function end(worker: Worker): Promise<void> {
  if (worker.subprocessClosed) return;
  const gone = nextEvent(worker, 'subprocessclose');
  worker.close();
  await gone;
}

/** Everything that is logged while `body` runs. */
export async function logOf(body: () => Promise<void>): Promise<string[]> {
  const lines: string[] = [];
  const keep = (_: string, log: string): void => void lines.push(log);
  setLogEventListeners({ ondebug: keep, onwarn: keep, onerror: keep });
  try {
    await body();
  } finally {
    setLogEventListeners();
  }
  return lines;
}

/** The arguments of the next `name` of `emitter`. An event that never comes fails its test. */
export function nextEvent(
  emitter: { once(name: never, listener: (...args: unknown[]) => void): unknown },
  name: string,
): Promise<unknown[]> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`'${name}' did not come`)), eventTimeout);
    emitter.once(name as never, (...args) => {
      clearTimeout(timer);
      resolve(args);
    });
  });
}

export const mediaCodecs: types.RtpCodecCapability[] = [
  { kind: 'audio', mimeType: 'audio/opus', clockRate: 48000, channels: 2 },
  { kind: 'video', mimeType: 'video/VP8', clockRate: 90000 },
];

export const listenInfos: types.TransportListenInfo[] = [{ protocol: 'udp', ip: '127.0.0.1' }];

export const dtlsParameters: types.DtlsParameters = {
  role: 'client',
  fingerprints: [{ algorithm: 'sha-256', value: Array(32).fill('AB').join(':') }],
};

export function audioParameters(): types.RtpParameters {
  return {
    mid: '0',
    codecs: [
      {
        mimeType: 'audio/opus',
        payloadType: 111,
        clockRate: 48000,
        channels: 2,
        parameters: { minptime: 10, useinbandfec: 1 },
        rtcpFeedback: [{ type: 'transport-cc', parameter: '' }],
      },
    ],
    headerExtensions: [{ uri: 'urn:ietf:params:rtp-hdrext:sdes:mid', id: 4 }],
    encodings: [{ ssrc: 1111, dtx: true }],
    rtcp: { cname: 'browser', reducedSize: true },
  };
}

export function videoParameters(): types.RtpParameters {
  return {
    mid: '1',
    codecs: [
      {
        mimeType: 'video/VP8',
        payloadType: 96,
        clockRate: 90000,
        rtcpFeedback: [{ type: 'goog-remb' }, { type: 'nack' }, { type: 'nack', parameter: 'pli' }],
      },
      { mimeType: 'video/rtx', payloadType: 97, clockRate: 90000, parameters: { apt: 96 } },
    ],
    headerExtensions: [{ uri: 'urn:ietf:params:rtp-hdrext:sdes:mid', id: 4 }],
    encodings: [
      { ssrc: 2222, rtx: { ssrc: 2223 }, maxBitrate: 1_500_000, scalabilityMode: 'L1T3' },
    ],
    rtcp: { cname: 'browser' },
  };
}

/** Three encodings, the lowest first, as mediasoup-client describes them. */
export function simulcastParameters(): types.RtpParameters {
  const encodings = [4, 2, 1].map((scaleResolutionDownBy, index) => ({
    rid: `r${index}`,
    scalabilityMode: 'L1T3',
    scaleResolutionDownBy,
    maxBitrate: 150_000 * 3 ** index,
  }));
  return { ...videoParameters(), encodings };
}

/** What a browser that can do everything would answer to a router. */
export function browserCapabilities(
  router: Pick<Router, 'rtpCapabilities'>,
): types.RtpCapabilities {
  const mirrored = {
    sendrecv: 'sendrecv',
    recvonly: 'sendonly',
    sendonly: 'recvonly',
    inactive: 'inactive',
  } as const;
  const { codecs, headerExtensions = [] } = structuredClone(router.rtpCapabilities);
  return {
    codecs,
    headerExtensions: headerExtensions.map((extension) => ({
      ...extension,
      direction: mirrored[extension.direction ?? 'sendrecv'],
    })),
  };
}
