// Statistics of an engine that has done nothing, for doubles and tests to fill in.

import type {
  EngineHistogram,
  EngineRouterStats,
  EngineTraffic,
  EngineWorkerStats,
} from '../server/engine';
import { noTraffic } from '../server/traffic_sum';

export function emptyTraffic(given: Partial<EngineTraffic> = {}): EngineTraffic {
  return { ...noTraffic(), ...given };
}

export function routerStats(routerId: string, traffic: Partial<EngineTraffic>): EngineRouterStats {
  return { type: 'router', timestamp: 0, routerId, traffic: emptyTraffic(traffic) };
}

// Of `counts` up to 100 us, up to 10 ms and beyond.
export function histogram(counts: [number, number, number] = [0, 0, 0]): EngineHistogram {
  return { boundsUs: [100, 10_000], counts, sumUs: 0, maxUs: 0 };
}

export function emptyStats(given: Partial<EngineWorkerStats> = {}): EngineWorkerStats {
  return {
    type: 'worker',
    timestamp: 0,
    routers: 0,
    transports: 0,
    producers: 0,
    consumers: 0,
    packetsInUse: 0,
    packetsAllocated: 0,
    datagramsReceived: 0,
    datagramsSent: 0,
    sends: 0,
    sendCalls: 0,
    trainsRefused: 0,
    paddingBytesSent: 0,
    holds: 0,
    heldUs: 0,
    requests: 0,
    requestsRefused: 0,
    messagesDropped: 0,
    tcp: {
      connections: 0,
      strangers: 0,
      accepted: 0,
      refused: 0,
      expired: 0,
      expelled: 0,
      latePackets: 0,
    },
    drops: {},
    traffic: emptyTraffic(),
    forwardingDelay: histogram(),
    turnTime: histogram(),
    timerDelay: histogram(),
    userTimeUs: 0,
    systemTimeUs: 0,
    rssBytes: 0,
    ...given,
  };
}

// What a worker says of itself. Its time goes on by a second with each question.
export class FakeNumbers {
  stats: Partial<EngineWorkerStats> = {};
  questions = 0;
  // A test may hold the answers up, or have them fail.
  gate: Promise<void> = Promise.resolve();

  async ask(given: Partial<EngineWorkerStats>): Promise<EngineWorkerStats> {
    this.questions += 1;
    const timestamp = this.questions * 1000;
    await this.gate;
    return emptyStats({ timestamp, ...given, ...this.stats });
  }
}
