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
      const sr = new schema.SenderReportTraceT(7, ntp, 4294967295, 4294967294, 4000000001);
      return [TraceInfo.SenderReportTrace, sr];
    }
    case TraceType.Layers: {
      const layers = new schema.ConsumerLayersT(1, 2);
      return [TraceInfo.LayersTrace, new schema.LayersTraceT(layers, 'bandwidthUp', 900_000)];
    }
    case TraceType.Bwe: {
      const rates = [400_000, 3_000_000, 50_000, 2_000_000, 800_000] as const;
      const bwe = new schema.BweTraceT(...rates, 'overuse', 1_900_000, 'transport-cc');
      return [TraceInfo.BweTrace, bwe];
    }
    default:
      return [TraceInfo.RtpTrace, packet()];
  }
}

function packet(): schema.RtpTraceT {
  const header = [101, 65535, 4294967295, true, 7, true, 1200, 1160, 2, 1, true] as const;
  return new schema.RtpTraceT(...header, 'v', null, 'r0', 65534);
}
