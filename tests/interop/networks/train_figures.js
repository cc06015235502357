// What receivers make of segment trains: figures of one scene, and what is worse with trains than
// without.

import { round } from './figures.js';

const sum = (rows, of) => rows.reduce((total, row) => total + of(row), 0);

// How much `field` grew, over all rows; the rows are the same in both.
const growth = (before, after, field) =>
  sum(after, (row) => row[field] ?? 0) - sum(before, (row) => row[field] ?? 0);

// The share of what is wanted that the estimate lets through.
const fitting = ({ estimate, desired }) => Math.min(1, estimate / Math.max(1, desired));

// Of a window between two snapshots of a scene (see suites/trains.js); `beliefs` were asked for in
// between: what the worker takes each path to carry, and what it would send if it fitted.
export function figuresOf({ before, after, beliefs }) {
  const pictures = (field) => growth(before.pictures, after.pictures, field);
  const sounds = (field) => growth(before.sounds, after.sounds, field);
  const worker = (field) => after.worker[field] - before.worker[field];
  const all = beliefs.flat();
  return {
    sent: growth(before.sent, after.sent, 'framesEncoded'),
    decoded: pictures('framesDecoded'),
    dropped: pictures('framesDropped'),
    freezes: pictures('freezeCount'),
    frozenSeconds: round(pictures('totalFreezesDuration'), 1),
    keyFrameRequests: pictures('pliCount'),
    lost: pictures('packetsLost') + sounds('packetsLost'),
    concealed: round(
      (sounds('concealedSamples') - sounds('silentConcealedSamples')) /
        Math.max(1, sounds('totalSamplesReceived')),
      4,
    ),
    estimateKbps: round(sum(all, ({ estimate }) => estimate) / beliefs.length / 1000, 0),
    // More than is wanted is a matter of which probe came last.
    fits: round(sum(all, fitting) / all.length),
    // Datagrams behind the first of their train, and how many there are in one.
    shared: worker('datagramsSent') - worker('sends'),
    train: round(worker('datagramsSent') / Math.max(1, worker('sends'))),
    refused: worker('trainsRefused'),
    padding: worker('paddingBytesSent'),
    holds: worker('holds'),
  };
}

// The share of the pictures sent that was decoded. An encoder that leaves out the upper of two layers
// counts one picture where both who watch decode one.
const decodedShare = ({ sent, decoded }) => Math.min(1, decoded / Math.max(1, sent));

// What is worse `on` than `off`, by more than two windows without any trains differ, as sentences.
export function findings(on, off, { isLossy }) {
  const most = {
    dropped: 3,
    freezes: 1,
    keyFrameRequests: isLossy ? 2 : 0,
    concealed: isLossy ? 0.02 : 0.005,
  };
  const found = Object.entries(most)
    .filter(([name, more]) => on[name] > off[name] + more)
    .map(([name]) => `${name}: ${on[name]} with trains, ${off[name]} without`);
  const least = { decoded: [decodedShare(on), decodedShare(off)], fits: [on.fits, off.fits] };
  for (const [name, [with_, without]] of Object.entries(least)) {
    if (with_ >= without - 0.1) continue;
    found.push(`${name}: a share of ${round(with_)} with trains, ${round(without)} without`);
  }
  if (on.estimateKbps < off.estimateKbps / 2) {
    found.push(`estimate: ${on.estimateKbps} kbit/s with trains, ${off.estimateKbps} without`);
  }
  if (!isLossy && on.lost > 0) found.push(`lost: ${on.lost} packets with trains`);
  return found;
}
