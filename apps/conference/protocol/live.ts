// What the live page is told: one point for each second, numbers only, and what they are called once.

// What went on in a second; rates are bits, packets or events per second.
export interface LiveRates {
  people: number;
  inBitrate: number;
  outBitrate: number;
  // Shares of 0 to 1: of what people sent, and of what was sent to them. Null: nothing was sent.
  inLoss: number | null;
  outLoss: number | null;
  nacks: number;
  // Packets that were sent again to people, and those from people that filled a gap.
  repeats: number;
  keyFrameRequests: number;
}

export interface LiveWorker extends LiveRates {
  index: number;
  up: boolean;
  rooms: number;
  consumers: number;
  // Share of a core, and the load score with what decides it.
  cpu: number;
  load: number;
  loadReason: string;
  // In microseconds: 99 of 100 turns of its loop took at most so long, and the longest.
  turnUs: number;
  longestTurnUs: number;
  memoryBytes: number;
}

export interface LiveRoom extends LiveRates {
  name: string;
  consumers: number;
}

export interface LivePoint extends LiveRates {
  // Counts up by one; never repeats while the server lives.
  number: number;
  // Milliseconds since 1970.
  date: number;
  rooms: number;
  roomsLeftOut: number;
  consumers: number;
  drops: number;
  // What the paths to people carry, and what they would like to get, in bits per second.
  estimate: number;
  desired: number;
  // How many packets were forwarded within each bound, and how many took longer than all.
  delays: number[];
  workers: LiveWorker[];
  perRoom: LiveRoom[];
}

export interface LiveAnswer {
  version: string;
  // Changes when the server starts: what a page has kept of another life is void.
  life: string;
  keptSeconds: number;
  // Of `delays`, in microseconds.
  delayBoundsUs: number[];
  // Those after the one that the page named, or all that are kept.
  points: LivePoint[];
}
