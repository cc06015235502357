// One trace of each type, and two that no SDK of today knows.
import * as schema from '../src/generated/schema.js';

const { TraceDirection, TraceInfo, TraceType } = schema;

export function fakeTraces(types: schema.TraceType[]): schema.TraceT[] {
  const newer = 200 as schema.TraceType;
  const bare = new schema.TraceT(types[0] ?? TraceType.Rtp, 1n);
  return [
    new schema.TraceT(newer, 1n, TraceDirection.In, TraceInfo.RtpTrace, packet()),
    bare,
  ].concat(types.map(fakeTrace));
}

function fakeTrace(type: schema.TraceType): schema.TraceT {
  const [infoType, info] = detailsOf(type);
  const isOurs = [TraceType.Nack, TraceType.Pli, TraceType.Fir].includes(type);
  const direction = isOurs ? TraceDirection.Out : TraceDirection.In;
  return new schema.TraceT(type, 12345678901n, direction, infoType, info);
}

function detailsOf(type: schema.TraceType): [schema.TraceInfo, schema.TraceT['info']] {
  switch (type) {
    case TraceType.Nack:
      return [TraceInfo.FeedbackTrace, new schema.FeedbackTraceT(4000000000, 3)];
    case TraceType.Pli:
    case TraceType.Fir:
      return [TraceInfo.FeedbackTrace, new schema.FeedbackTraceT(4000000000)];
    case TraceType.SenderReport: {
      const ntp = (3900000000n << 32n) | 2147483648n;
      return [TraceInfo.SenderReportTrace, new schema.SenderReportTraceT(7, ntp, 4294967295)];
    }
    case TraceType.Layers: {
      const layers = new schema.ConsumerLayersT(1, 2);
      return [TraceInfo.LayersTrace, new schema.LayersTraceT(layers, 'bandwidthUp', 900_000)];
    }
    case TraceType.Bwe: {
      const bwe = new schema.BweTraceT(400_000, 3_000_000, 50_000, 2_000_000, 800_000, 'overuse');
      return [TraceInfo.BweTrace, bwe];
    }
    default:
      return [TraceInfo.RtpTrace, packet()];
  }
}

function packet(): schema.RtpTraceT {
  return new schema.RtpTraceT(101, 65535, 4294967295, true, 7, true, 1200, 1160, 2, 1, true);
}
