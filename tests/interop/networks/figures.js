// From samples of a page's statistics to figures about one stream of pictures and its sound.

// The rows of the person with one of these ids.
function rowsOf(sample, ids) {
  return sample.inbound.filter(({ stream }) => ids.some((id) => stream === `${id}-person`));
}

// How much `field` grew, over all rows of `kind`. What a stream had counted when it was first seen is
// not known to belong here.
function growth(samples, ids, kind, field) {
  const last = new Map();
  let sum = 0;
  for (const sample of samples) {
    for (const row of rowsOf(sample, ids)) {
      if (row.kind !== kind) continue;
      const now = row[field] ?? 0;
      sum += Math.max(0, now - (last.get(row.track) ?? now));
      last.set(row.track, now);
    }
  }
  return sum;
}

// At each sample the width of the picture that moves; 0 while it stands still. And how many
// pictures had been decoded by then.
function timeline(samples, ids, began) {
  let before = null;
  return samples.map((sample) => {
    const newest = rowsOf(sample, ids).findLast(({ kind }) => kind === 'video');
    const framesDecoded = newest?.framesDecoded ?? 0;
    const moves = before === null || framesDecoded !== before;
    before = framesDecoded;
    return {
      seconds: round((sample.at - began) / 1000, 1),
      width: (moves && newest?.frameWidth) || 0,
      framesDecoded,
    };
  });
}

// The share of the time with each width, widest first; 0 is a picture that stands still.
function shares(points) {
  const count = new Map();
  for (const { width } of points) count.set(width, (count.get(width) ?? 0) + 1);
  return [...count]
    .sort(([a], [b]) => b - a)
    .map(([width, times]) => ({ width, share: round(times / points.length, 3) }));
}

// From `began` until pictures were decoded again, or null.
function seenAgainAfter(points) {
  for (let at = 1; at < points.length; ++at) {
    if (points[at].framesDecoded > points[at - 1].framesDecoded) return points[at].seconds;
  }
  return null;
}

// A width that comes for a moment and goes has not come back.
const kStaysSeconds = 2;

// From `began` until a moving picture was `width` wide or more, and stayed so; null if never.
export function wideAfter(points, width) {
  for (const [at, { seconds }] of points.entries()) {
    if (points.at(-1).seconds < seconds + kStaysSeconds) return null;
    const rest = points.slice(at);
    const near = rest.filter((point) => point.seconds <= seconds + kStaysSeconds);
    if (near.every((point) => point.width >= width)) return Math.max(0, seconds);
  }
  return null;
}

export const round = (value, digits = 2) => Number(value.toFixed(digits));

// Pictures a second that left the busiest encoder of a page between two moments.
export function sentRate(samples, { began, ended }) {
  const within = samples.filter(({ at }) => at >= began && at <= ended);
  if (within.length < 2) return 0;
  const [first, last] = [within[0], within.at(-1)];
  const grew = last.outbound
    .filter(({ kind }) => kind === 'video')
    .map((row) => {
      const before = first.outbound.find(({ kind, rid }) => kind === row.kind && rid === row.rid);
      return (row.framesEncoded ?? 0) - (before?.framesEncoded ?? 0);
    });
  return round((Math.max(0, ...grew) * 1000) / (last.at - first.at));
}

// What one page got from the person with these ids between two moments; null if it was not looked
// at twice.
export function figuresOf(samples, ids, { began, ended }) {
  const within = samples.filter(({ at }) => at >= began && at <= ended);
  if (within.length < 2) return null;
  const seconds = (within.at(-1).at - within[0].at) / 1000;
  const grew = (kind, field) => growth(within, ids, kind, field);
  const points = timeline(within, ids, began);
  const moving = points.filter(({ width }) => width > 0);
  const heard = grew('audio', 'totalSamplesReceived');
  const concealed = grew('audio', 'concealedSamples') - grew('audio', 'silentConcealedSamples');
  return {
    framesPerSecond: round(grew('video', 'framesDecoded') / seconds),
    freezes: grew('video', 'freezeCount'),
    frozenSeconds: round(grew('video', 'totalFreezesDuration')),
    // Of the picture while it moves.
    meanWidth: round(moving.reduce((sum, { width }) => sum + width, 0) / (moving.length || 1), 0),
    widths: shares(points),
    seenAgainAfter: seenAgainAfter(points),
    // One where there was no sound at all: nothing is heard either way.
    concealed: heard > 0 ? round(concealed / heard, 4) : 1,
    kbps: round((grew('video', 'bytesReceived') * 8) / seconds / 1000, 0),
    keyFrames: grew('video', 'keyFramesDecoded'),
    keyFrameRequests: grew('video', 'pliCount') + grew('video', 'firCount'),
    points,
  };
}

// The average of several flows.
export function average(flows) {
  const mean = (field) => flows.reduce((sum, flow) => sum + flow[field], 0) / flows.length;
  const latest = (values) => (values.includes(null) ? null : Math.max(...values));
  return {
    framesPerSecond: round(mean('framesPerSecond')),
    sentPerSecond: round(mean('sentPerSecond')),
    freezes: round(mean('freezes'), 1),
    frozenSeconds: round(mean('frozenSeconds')),
    meanWidth: round(mean('meanWidth'), 0),
    concealed: round(mean('concealed'), 4),
    kbps: round(mean('kbps'), 0),
    keyFrames: round(mean('keyFrames'), 1),
    keyFrameRequests: round(mean('keyFrameRequests'), 1),
    seenAgainAfter: latest(flows.map((flow) => flow.seenAgainAfter)),
  };
}
