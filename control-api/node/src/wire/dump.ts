// The state of an object, for people who look for a fault: what the worker tells of it, and what
// only the SDK knows, in the names that users of mediasoup know.
import { DumpT, DumpTextT, RequestBody } from '../generated/schema.js';
import { compact } from '../ortc/fields.js';
import { expectAnswer, type Channel } from './channel.js';

/** Fields by name. Which there are depends on the object, and on its state. */
export type Dump = Record<string, unknown>;

/**
 * `known` is asked when the answer is there, so that both tell of the same moment. What it knows to be
 * missing is missing, whatever the worker writes for it.
 */
export function askDump(
  channel: Channel,
  target: string | undefined,
  known: () => Dump = () => ({}),
): Promise<Dump> {
  return channel.call({
    method: RequestBody.Dump,
    ...(target === undefined ? {} : { target }),
    body: new DumpT(),
    apply: (answer) =>
      compact({
        ...(JSON.parse(String(expectAnswer(answer, DumpTextT).json)) as Dump),
        ...known(),
      }),
  });
}
