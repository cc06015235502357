// Statistics of data producers and data consumers in the field names that mediasoup's users know.
import type { DataConsumerStat } from './data_consumer.js';
import type { DataProducerStat } from './data_producer.js';
import type { DataConsumerStatsT, DataProducerStatsT } from './generated/schema.js';

export function decodeDataProducerStats(stats: DataProducerStatsT): DataProducerStat {
  return {
    type: 'data-producer',
    timestamp: Number(stats.timestampMs),
    label: String(stats.label ?? ''),
    protocol: String(stats.protocol ?? ''),
    messagesReceived: Number(stats.messagesReceived),
    bytesReceived: Number(stats.bytesReceived),
    messagesDropped: Number(stats.messagesDropped),
  };
}

export function decodeDataConsumerStats(stats: DataConsumerStatsT): DataConsumerStat {
  return {
    type: 'data-consumer',
    timestamp: Number(stats.timestampMs),
    label: String(stats.label ?? ''),
    protocol: String(stats.protocol ?? ''),
    messagesSent: Number(stats.messagesSent),
    bytesSent: Number(stats.bytesSent),
    bufferedAmount: stats.bufferedAmount,
    messagesDropped: Number(stats.messagesDropped),
  };
}
