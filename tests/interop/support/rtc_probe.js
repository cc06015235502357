// Keeps every RTCPeerConnection of a page at hand, and notes twice a second what its decoders and
// encoders do. Put in front of the page's own scripts; changes nothing of what they see.

{
  const kPeriodMs = 500;
  // Ten minutes; a page that is never asked must not fill its memory.
  const kMostSamples = 1200;

  const connections = [];
  // The stream a remote track came in, which tells whose it is: the page names it after the person.
  const streamOfTrack = new Map();

  globalThis.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(...args) {
      super(...args);
      connections.push(this);
      this.addEventListener('track', ({ track, streams }) =>
        streamOfTrack.set(track.id, streams[0]?.id ?? ''),
      );
    }
  };

  // Those that the page made and has not closed, by label.
  const madeChannels = new Set();
  const createDataChannel = RTCPeerConnection.prototype.createDataChannel;
  RTCPeerConnection.prototype.createDataChannel = function (...args) {
    const channel = createDataChannel.apply(this, args);
    madeChannels.add(channel);
    channel.addEventListener('close', () => madeChannels.delete(channel));
    return channel;
  };
  const channels = (label) => [...madeChannels].filter((channel) => channel.label === label);

  // What all data channels of the page have received so far, closed ones with them.
  async function dataBytes() {
    const reports = await Promise.all(connections.map((connection) => connection.getStats()));
    return reports
      .flatMap((report) => [...report.values()])
      .filter(({ type }) => type === 'data-channel')
      .reduce((sum, { bytesReceived }) => sum + bytesReceived, 0);
  }

  const kInbound = [
    ...['kind', 'framesDecoded', 'framesDropped', 'keyFramesDecoded', 'frameWidth', 'frameHeight'],
    ...['framesPerSecond', 'freezeCount', 'totalFreezesDuration', 'pliCount', 'firCount'],
    ...['nackCount', 'bytesReceived', 'packetsReceived', 'packetsLost', 'jitter'],
    ...['headerBytesReceived', 'framesReceived', 'totalAudioEnergy'],
    ...['totalSamplesReceived', 'concealedSamples', 'silentConcealedSamples'],
  ];
  const kOutbound = [
    ...['kind', 'rid', 'active', 'framesEncoded', 'frameWidth', 'frameHeight', 'framesPerSecond'],
    ...['bytesSent', 'packetsSent', 'targetBitrate', 'qualityLimitationReason', 'scalabilityMode'],
    ...['keyFramesEncoded', 'nackCount', 'pliCount', 'firCount', 'retransmittedPacketsSent'],
  ];
  const pick = (row, names) =>
    Object.fromEntries(names.filter((name) => name in row).map((name) => [name, row[name]]));

  // The candidate pair each transport of a connection uses, by its remote end, and from where.
  const pathsOf = (report) =>
    [...report.values()]
      .filter(
        ({ type, selectedCandidatePairId }) => type === 'transport' && selectedCandidatePairId,
      )
      .map(({ selectedCandidatePairId }) => report.get(selectedCandidatePairId))
      .map((pair) => [report.get(pair?.remoteCandidateId), report.get(pair?.localCandidateId)])
      .filter(([remote]) => remote)
      .map(([{ protocol, address, port }, local]) => ({
        ...{ protocol, address, port },
        from: local?.address ?? null,
      }));

  async function sample() {
    const open = connections.filter(({ connectionState }) => connectionState !== 'closed');
    const reports = await Promise.all(open.map((connection) => connection.getStats()));
    const rows = reports.flatMap((report) => [...report.values()]);
    const codec = ({ codecId }) =>
      reports.map((report) => report.get(codecId)).find(Boolean)?.mimeType ?? null;
    return {
      at: performance.timeOrigin + performance.now(),
      inbound: rows
        .filter(({ type }) => type === 'inbound-rtp')
        .map((row) => ({
          stream: streamOfTrack.get(row.trackIdentifier) ?? '',
          track: row.trackIdentifier,
          codec: codec(row),
          ...pick(row, kInbound),
        })),
      outbound: rows
        .filter(({ type }) => type === 'outbound-rtp')
        .map((row) => ({ codec: codec(row), ...pick(row, kOutbound) })),
      paths: reports.flatMap(pathsOf),
      pair: rows
        .filter(({ type, nominated }) => type === 'candidate-pair' && nominated)
        .map((row) => pick(row, ['currentRoundTripTime', 'availableOutgoingBitrate'])),
    };
  }

  let samples = [];
  let busy = false;
  setInterval(async () => {
    if (busy) return;
    busy = true;
    try {
      const one = await sample();
      if (samples.length < kMostSamples) samples.push(one);
    } catch {
      // A connection closed between two lines; the next sample is without it.
    }
    busy = false;
  }, kPeriodMs);

  globalThis.rtcProbe = {
    channels,
    dataBytes,
    connections,
    sample,
    // All samples since the last time.
    take() {
      const taken = samples;
      samples = [];
      return taken;
    },
  };
}
