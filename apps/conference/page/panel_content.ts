// What the panel over a tile says.

import type { ConnectionStats, Layers, LayerShape, PictureSize } from '../protocol/messages';
import type { Choice } from './layer_choice';
import type { Chart, PanelContent, Row } from './stats_panel';
import type { Sample } from './stream_meter';
import {
  agoText,
  bitrateText,
  layerReason,
  millisecondsText,
  percentText,
  sentence,
} from './wording';

export interface RemotePicture {
  shape: LayerShape | null;
  capture: PictureSize | null;
  current: Layers | null;
  wanted: Choice | null;
  reason: string | null;
  changedAt: number | null;
  score: number | null;
  producerScore: number | null;
  codec: string | null;
  size: PictureSize | null;
  // Milliseconds.
  roundTripTime: number | null;
  jitter: number | null;
  // The sender has switched it off.
  off: boolean;
  samples: readonly Sample[];
}

export interface OwnEncoding {
  name: string;
  active: boolean;
  size: PictureSize | null;
  fps: number;
  bitrate: number;
  score: number | null;
}

export interface OwnPicture {
  codec: string | null;
  encodings: OwnEncoding[];
  roundTripTime: number | null;
  loss: number | null;
  // Why the browser sends less than it could: "cpu", "bandwidth".
  limitation: string | null;
  samples: readonly Sample[];
  connection: ConnectionStats | null;
  connectionSamples: readonly { at: number; available: number | null; used: number }[];
}

export function remoteContent(picture: RemotePicture, now: number): PanelContent {
  const latest = picture.samples[picture.samples.length - 1] ?? null;
  const rows: Row[] = [
    ...layerRows(picture),
    {
      label: 'Picture',
      value: [sizeText(picture.size), codecText(picture.codec)].filter(Boolean).join(' · '),
    },
    { label: 'Loss', value: percentText(latest?.loss ?? null), hint: 'Packets that got lost' },
    {
      label: 'Round trip',
      value: `${millisecondsText(picture.roundTripTime)} · jitter ${millisecondsText(picture.jitter)}`,
      hint: 'From here to the server and back, and how unevenly packets arrive',
      minor: true,
    },
    {
      label: 'Score',
      value: `${scoreText(picture.score)} · sender ${scoreText(picture.producerScore)}`,
      hint: '10: nothing is lost, 0: nothing arrives',
      minor: true,
    },
  ];
  const age = picture.changedAt === null ? '' : agoText(now - picture.changedAt);
  return { rows, note: { text: noteOf(picture), age }, charts: rateCharts(picture.samples) };
}

// A person without a camera, or whose stream has not come yet.
export const noPicture: PanelContent = {
  rows: [],
  note: { text: 'No picture is being sent.', age: '' },
  charts: [],
};

export function ownContent(picture: OwnPicture): PanelContent {
  if (picture.encodings.length === 0) return { ...noPicture, charts: lineChart(picture) };
  const rows = picture.encodings.map(encodingRow).reverse();
  rows.push({
    label: 'Round trip',
    value: `${millisecondsText(picture.roundTripTime)} · loss ${percentText(picture.loss)}`,
    hint: 'Of what you send, as the server reports it',
    minor: true,
  });
  if (picture.codec) rows.push({ label: 'Codec', value: codecText(picture.codec), minor: true });
  const { connection } = picture;
  const [sent] = rateCharts(picture.samples);
  const charts = [{ ...sent!, label: 'From you' }, ...lineChart(picture)];
  const limited = picture.limitation ? kLimitations[picture.limitation] : undefined;
  const reason = connection?.bandwidthReason;
  const text = limited ?? (reason ? `Line to you: ${sentence(reason).toLowerCase()}.` : null);
  return { rows, note: text === null ? null : { text, age: '' }, charts };
}

const kLimitations: Record<string, string> = {
  cpu: 'This computer is too busy to send more.',
  bandwidth: 'Your line carries no more of what you send.',
};

function layerRows({ shape, capture, current, wanted, reason }: RemotePicture): Row[] {
  if (!shape || shape.scales.length * shape.temporalLayers <= 1) return [];
  const count = shape.scales.length;
  const text = (layers: Layers | null, none = 'nothing') => {
    if (!layers) return none;
    const parts = [];
    const scale = shape.scales[layers.spatialLayer];
    if (capture && scale) parts.push(`${Math.round(shorter(capture) / scale)}p`);
    const rate = Math.min(layers.temporalLayer ?? 7, shape.temporalLayers - 1) + 1;
    if (shape.temporalLayers > 1) parts.push(`rate ${rate}/${shape.temporalLayers}`);
    return parts.join(' · ');
  };
  const reached = current ? current.spatialLayer + 1 : 0;
  const asked = wanted && !wanted.paused ? wanted : null;
  const ladder = { reached, wanted: asked ? asked.spatialLayer + 1 : 0, count };
  return [
    { label: 'Layer', value: text(current, reason === null ? '–' : 'nothing'), ladder, hint: 'What the server sends' },
    { label: 'Wanted', value: text(asked), hint: 'What fits this tile', minor: true },
  ];
}

function noteOf({ off, wanted, reason }: RemotePicture): string {
  if (off) return 'The camera is off.';
  if (wanted?.paused) return layerReason('paused');
  return layerReason(reason);
}

function encodingRow({ name, active, size, fps, bitrate, score }: OwnEncoding): Row {
  if (!active) return { label: name, value: 'off · not wanted' };
  const parts = [`${Math.round(fps)} fps`, bitrateText(bitrate)];
  if (size) parts.unshift(`${shorter(size)}p`);
  const hint = score === null ? undefined : `Arrives with score ${score} of 10`;
  return { label: name, value: parts.join(' · '), hint };
}

function rateCharts(samples: readonly Sample[]): Chart[] {
  const latest = samples[samples.length - 1] ?? null;
  const points = (value: (sample: Sample) => number) =>
    samples.map((sample) => ({ at: sample.at, value: value(sample) }));
  return [
    {
      label: 'Bit rate',
      value: bitrateText(latest?.bitrate ?? null),
      least: 100_000,
      series: [{ colour: '--water', filled: true, points: points(({ bitrate }) => bitrate) }],
    },
    {
      label: 'Frame rate',
      value: latest ? `${Math.round(latest.fps)} fps` : '–',
      least: 10,
      series: [{ colour: '--accent-high', filled: true, points: points(({ fps }) => fps) }],
    },
  ];
}

// What the line from the server can carry, dashed, over what it does carry.
function lineChart({ connection, connectionSamples }: OwnPicture): Chart[] {
  if (!connection) return [];
  const available = connectionSamples.flatMap(({ at, available }) =>
    available === null ? [] : { at, value: available },
  );
  const used = connectionSamples.map(({ at, used }) => ({ at, value: used }));
  const most = connection.availableBitrate;
  const value =
    most === null
      ? bitrateText(connection.sentBitrate)
      : `${bitrateText(connection.sentBitrate)} of ${bitrateText(most)}`;
  return [
    {
      label: 'Line to you',
      value,
      least: 100_000,
      series: [
        { colour: '--water', filled: true, points: used },
        { colour: '--warning', filled: false, points: available },
      ],
    },
  ];
}

function shorter({ width, height }: PictureSize): number {
  return Math.min(width, height);
}

function sizeText(size: PictureSize | null): string {
  return size && size.width > 0 ? `${size.width}×${size.height}` : '';
}

function codecText(codec: string | null): string {
  return codec?.split('/')[1] ?? '';
}

function scoreText(score: number | null): string {
  return score === null ? '–' : String(score);
}
