// What a worker is started with: checked, and written as its command line.
import {
  asBoolean,
  asDictionary,
  asInteger,
  asList,
  asName,
  asOneOf,
  asText,
  optional,
} from './ortc/fields.js';
import type { AppData } from './types.js';
import { workerBin as defaultWorkerBin } from './worker_bin.js';

const defaultRequestTimeout = 10_000;
const maxLogTags = 32;

export const logLevels = ['none', 'error', 'warn', 'debug'] as const;
// In the order of the schema.
export const logTags = [
  'info',
  'ice',
  'dtls',
  'rtp',
  'srtp',
  'rtcp',
  'rtx',
  'bwe',
  'score',
  'simulcast',
  'svc',
  'sctp',
  'message',
] as const;
const bandwidthModes = ['adapt', 'observe'] as const;

export type WorkerLogLevel = (typeof logLevels)[number];
export type WorkerLogTag = (typeof logTags)[number];
export type WorkerBandwidthMode = (typeof bandwidthModes)[number];

export interface WorkerSettings<Data extends AppData = AppData> {
  logLevel?: WorkerLogLevel;
  /** What is told of single objects, up to `logLevel`; nothing if missing. */
  logTags?: WorkerLogTag[];
  dtlsCertificateFile?: string;
  dtlsPrivateKeyFile?: string;
  rtcMinPort?: number;
  rtcMaxPort?: number;
  workerBin?: string;
  /** Accepted for the sake of other SDKs' users: there is no libwebrtc in this worker. */
  libwebrtcFieldTrials?: string;
  /** `adapt`, the default: estimates of paths bound what is sent; `observe`: they are only told. */
  bandwidth?: WorkerBandwidthMode;
  /**
   * Microseconds for which a packet may be held back at most so that others leave with it, as load
   * grows: 0 (never) to 20,000; 2,000 if missing.
   */
  maxHoldUs?: number;
  /**
   * Whether what one peer is owed leaves in one piece (UDP_SEGMENT), with RTP padding where sizes
   * hardly differ, as far as kernel and device allow; true if missing.
   */
  segmentTrains?: boolean;
  /** ICE-TCP connections at one time; 20,000 if missing, 0 for none. */
  maxTcpConnections?: number;
  /**
   * Whether STUN Binding requests of anybody are answered on the media ports; false if missing. To
   * no address go more bytes than came from it, and 500 answers a second in all.
   */
  stunServer?: boolean;
  /** An existing directory: what bandwidth estimators are told is written there, a file for each transport. */
  bweTraceDirectory?: string;
  /** Milliseconds that the worker has for an answer; 10,000 if missing, 0 for ever. */
  requestTimeout?: number;
  appData?: Data;
}

/** What can be changed while the worker runs. */
export type WorkerUpdateableSettings = Pick<WorkerSettings, 'logLevel' | 'logTags'>;

export interface CheckedSettings {
  bin: string;
  logLevel: WorkerLogLevel;
  logTags: WorkerLogTag[];
  args: string[];
  requestTimeout: number;
}

export function checkSettings(settings: WorkerSettings): CheckedSettings {
  asDictionary(settings, 'settings');
  const logLevel = asLogLevel(settings.logLevel);
  const args = [`--log-level=${logLevel}`];
  const about = optional(settings.logTags, 'logTags', asLogTags) ?? [];
  if (about.length > 0) args.push(`--log-tags=${about.join(',')}`);
  optional(settings.libwebrtcFieldTrials, 'libwebrtcFieldTrials', asText);
  const certificate = optional(settings.dtlsCertificateFile, 'dtlsCertificateFile', asName);
  const key = optional(settings.dtlsPrivateKeyFile, 'dtlsPrivateKeyFile', asName);
  if ((certificate === undefined) !== (key === undefined)) {
    throw new TypeError('dtlsCertificateFile and dtlsPrivateKeyFile go together');
  }
  if (certificate !== undefined && key !== undefined) {
    args.push('--dtls-certificate', certificate, '--dtls-private-key', key);
  }
  const minPort = optional(settings.rtcMinPort, 'rtcMinPort', asPort);
  const maxPort = optional(settings.rtcMaxPort, 'rtcMaxPort', asPort);
  if (minPort !== undefined) args.push('--rtc-min-port', String(minPort));
  if (maxPort !== undefined) args.push('--rtc-max-port', String(maxPort));
  const bandwidth = optional(settings.bandwidth, 'bandwidth', (value, where) =>
    asOneOf(value, where, bandwidthModes),
  );
  if (bandwidth !== undefined) args.push('--bandwidth', bandwidth);
  const hold = optional(settings.maxHoldUs, 'maxHoldUs', (value, where) =>
    asInteger(value, where, 0, 20_000),
  );
  if (hold !== undefined) args.push('--max-hold-us', String(hold));
  const trains = optional(settings.segmentTrains, 'segmentTrains', asBoolean);
  if (trains !== undefined) args.push('--segment-trains', trains ? 'on' : 'off');
  const connections = optional(settings.maxTcpConnections, 'maxTcpConnections', (value, where) =>
    asInteger(value, where, 0, 20_000),
  );
  if (connections !== undefined) args.push('--max-tcp-connections', String(connections));
  const stun = optional(settings.stunServer, 'stunServer', asBoolean);
  if (stun !== undefined) args.push('--stun-server', stun ? 'on' : 'off');
  const traces = optional(settings.bweTraceDirectory, 'bweTraceDirectory', asName);
  if (traces !== undefined) args.push('--bwe-trace', traces);
  return {
    bin: optional(settings.workerBin, 'workerBin', asName) ?? defaultWorkerBin,
    logLevel,
    logTags: about,
    args,
    requestTimeout: asInteger(
      settings.requestTimeout ?? defaultRequestTimeout,
      'requestTimeout',
      0,
      0x7fffffff,
    ),
  };
}

export function asLogLevel(value: unknown): WorkerLogLevel {
  return asOneOf(value ?? 'error', 'logLevel', logLevels);
}

export function asLogTags(value: unknown, where: string): WorkerLogTag[] {
  const tags = asList(value, where, maxLogTags, (tag, place) => asOneOf(tag, place, logTags));
  return [...new Set(tags)];
}

function asPort(value: unknown, where: string): number {
  return asInteger(value, where, 1, 65535);
}
