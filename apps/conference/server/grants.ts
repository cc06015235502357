// What somebody in a room may do, and which request needs which of it.
//
// A grant is a word: join, publish, publish:SOURCE, subscribe, publishData, admin. Each of them lets
// its holder into the room; "join" lets in and does nothing else.

import { kSources } from '../protocol/messages';
import type { GrantsDescription, Methods, Source } from '../protocol/messages';
import type { PeerMethod } from './peer';
import { Refusal } from './refusal';

export interface Grants {
  publish: ReadonlySet<Source>;
  subscribe: boolean;
  publishData: boolean;
  // May use the addresses of this room below /admin.
  admin: boolean;
}

export type Need = 'join' | 'publish' | 'subscribe' | 'publishData';

// Where nobody needs a token, and for tokens that name no grants.
export const kUsualGrants: Grants = {
  publish: new Set(kSources),
  subscribe: true,
  publishData: true,
  admin: false,
};

export const kNeeds: Readonly<Record<PeerMethod, Need>> = {
  connectTransport: 'join',
  restartIce: 'join',
  getConnectionStats: 'join',
  // What is sent or received by it needs grants of its own.
  negotiate: 'join',
  addCandidate: 'join',
  produce: 'publish',
  setCapture: 'publish',
  pauseProducer: 'publish',
  resumeProducer: 'publish',
  closeProducer: 'publish',
  resumeConsumers: 'subscribe',
  setPreferredLayers: 'subscribe',
  requestKeyFrame: 'subscribe',
  resumeDataConsumers: 'subscribe',
  produceData: 'publishData',
  closeDataProducer: 'publishData',
};

const kMostWords = 32;

// Null if the words let nobody in. Unknown words grant nothing: a token of a later version is good
// for what this server knows.
export function readGrants(claim: unknown): Grants | null {
  if (claim === undefined) return kUsualGrants;
  if (!Array.isArray(claim) || claim.length > kMostWords) return null;
  const words = new Set(claim);
  const grants: Grants = {
    publish: new Set(kSources.filter((one) => words.has('publish') || words.has(`publish:${one}`))),
    subscribe: words.has('subscribe'),
    publishData: words.has('publishData'),
    admin: words.has('admin'),
  };
  const { publish, subscribe, publishData, admin } = grants;
  const letsIn = words.has('join') || publish.size > 0 || subscribe || publishData || admin;
  return letsIn ? grants : null;
}

export function describeGrants({ publish, ...others }: Grants): GrantsDescription {
  return { publish: [...publish], ...others };
}

// Throws a Refusal in words for the person.
export function requireGrant<M extends PeerMethod>(
  grants: Grants,
  method: M,
  data: Methods[M]['data'],
): void {
  const need = kNeeds[method];
  if (need === 'publish') {
    const source = method === 'produce' ? (data as Methods['produce']['data']).source : null;
    const allowed = source === null ? grants.publish.size > 0 : grants.publish.has(source);
    if (!allowed) throw refused(`send your ${source ?? 'camera or microphone'}`);
  }
  if (need === 'subscribe' && !grants.subscribe) throw refused('see and hear the others');
  if (need === 'publishData' && !grants.publishData) throw refused('write to the others');
}

function refused(what: string): Refusal {
  return new Refusal('forbidden', `Your invitation does not let you ${what}.`);
}
