// The cases of control-api/fixtures/ortc, which the Go SDK's tests read as well: both give the same
// JSON.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';

import {
  getSupportedRtpCapabilities,
  ortc,
  parseScalabilityMode,
  UnsupportedError,
} from '../src/index.js';
import { getPipeRtpParameters } from '../src/ortc/pipe_parameters.js';
import { inReceiverNumbers } from '../src/ortc/receiver_numbers.js';
import type { ValidParameters } from '../src/ortc/validation.js';

// What JSON says has no types here; the functions are there to check it.
type Arguments = any;

interface Fixture {
  name: string;
  call: string;
  args: Arguments;
  result?: unknown;
  error?: { class: 'argument' | 'unsupported'; field?: string; message?: string };
}

// From dist/test/test to the folder that both SDKs are in.
const folder = new URL('../../../../fixtures/ortc/', import.meta.url);

function produce({ kind, rtpParameters, mediaCodecs }: Arguments): {
  mapping: unknown;
  consumable: ValidParameters;
} {
  const router = ortc.generateRouterRtpCapabilities(mediaCodecs);
  const parameters = ortc.validateProducerRtpParameters(kind, rtpParameters);
  const mapping = ortc.getProducerRtpParametersMapping(parameters, router);
  const consumable = ortc.getConsumableRtpParameters(kind, parameters, router, mapping);
  return { mapping, consumable };
}

function consume(args: Arguments): ValidParameters {
  return ortc.getConsumerRtpParameters(produce(args).consumable, args.rtpCapabilities, {
    enableRtx: args.enableRtx,
    ssrc: args.ssrc,
    mid: args.mid,
  });
}

const calls: Record<string, (args: Arguments) => unknown> = {
  supportedRtpCapabilities: () => getSupportedRtpCapabilities(),
  routerRtpCapabilities: (args) => ortc.generateRouterRtpCapabilities(args.mediaCodecs),
  validateRtpParameters: (args) => ortc.validateRtpParameters(args.value),
  validateRtpCapabilities: (args) => ortc.validateRtpCapabilities(args.value),
  producerRtpParameters: (args) => ortc.validateProducerRtpParameters(args.kind, args.value),
  isCompatibleCodec: (args) => ortc.isCompatibleCodec(args.a, args.b),
  parseProfileLevelId: (args) => ortc.parseProfileLevelId(args.text) ?? null,
  answerProfileLevelId: (args) => ortc.answerProfileLevelId(args.local, args.remote),
  parseScalabilityMode: (args) => parseScalabilityMode(args.mode),
  producerType: (args) => ortc.getProducerType({ codecs: [], encodings: args.encodings }),
  produce,
  canConsume: (args) => ortc.canConsume(produce(args).consumable, args.rtpCapabilities),
  consume,
  consumeInReceiverNumbers: (args) => inReceiverNumbers(consume(args), args.rtpCapabilities),
  pipe: (args) =>
    getPipeRtpParameters(produce(args).consumable, args.rtpParameters, {
      enableRtx: args.enableRtx,
      ssrcs: args.ssrcs,
    }),
};

/** What is expected of a case: its result, or its error in words that both languages share. */
function outcome({ call, args }: Fixture): Pick<Fixture, 'result' | 'error'> {
  try {
    return { result: JSON.parse(JSON.stringify(calls[call]!(args))) };
  } catch (thrown) {
    const { message } = thrown as Error;
    if (thrown instanceof UnsupportedError) return { error: { class: 'unsupported', message } };
    assert.ok(thrown instanceof TypeError, String(thrown));
    const [field] = /^[a-zA-Z]\S*[\w\]]/.exec(message) ?? [];
    return { error: { class: 'argument', ...(field === undefined ? {} : { field }) } };
  }
}

for (const file of ['codecs', 'parameters', 'router_capabilities', 'validation']) {
  const url = new URL(`${file}.json`, folder);
  const cases = JSON.parse(readFileSync(url, 'utf8')) as Fixture[];
  // What is found today becomes what is expected.
  if (process.env['SLUICE_WRITE_FIXTURES'] !== undefined) {
    const lines = cases.map((each) => {
      const { name, call, args } = each;
      return `  ${JSON.stringify({ name, call, args, ...outcome(each) })}`;
    });
    writeFileSync(url, `[\n${lines.join(',\n')}\n]\n`);
  }
  for (const each of JSON.parse(readFileSync(url, 'utf8')) as Fixture[]) {
    const { result, error } = each;
    test(`${file}: ${each.name}`, () => {
      assert.deepEqual(outcome(each), error ? { error } : { result });
    });
  }
}
