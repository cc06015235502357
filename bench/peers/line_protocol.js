// How bench/load talks to what it measures: requests on stdin, one a line, each answered by one
// line on stdout, in order. A line is a word and key=value pairs between single spaces; values are
// percent-encoded, so that they hold no space and no line break.

import { createInterface } from 'node:readline';

// The answer of a peer that cannot be measured here: the reason is printed and it is left out.
export class Absent extends Error {}

export function parseLine(line) {
  const [word, ...pairs] = line.split(' ');
  if (!/^[a-z]+$/.test(word)) throw new Error(`"${line}" does not begin with a word`);
  const values = new Map();
  for (const pair of pairs) {
    const at = pair.indexOf('=');
    if (at < 1) throw new Error(`${word}: "${pair}" is no key=value`);
    values.set(pair.slice(0, at), decode(word, pair.slice(at + 1)));
  }
  return { word, values };
}

function decode(word, text) {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new Error(`${word}: "${text}" is not percent-encoded`);
  }
}

// Arrays become lists between commas; what is undefined is left out.
export function formatLine(word, values = {}) {
  const pairs = Object.entries(values)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key}=${encodeURIComponent(String(value))}`);
  return [word, ...pairs].join(' ');
}

// The values of one request, asked for by name so that an error names what is missing.
export class Request {
  constructor({ word, values }) {
    this.word = word;
    this.values = values;
  }

  text(key) {
    const value = this.values.get(key);
    if (value === undefined || value === '') throw new Error(`${this.word}: ${key} is missing`);
    return value;
  }

  textOr(key, fallback) {
    return this.values.get(key) || fallback;
  }

  number(key) {
    const value = this.text(key);
    const number = /^\d+$/.test(value) ? Number(value) : NaN;
    if (!Number.isSafeInteger(number))
      throw new Error(`${this.word}: ${key}=${value} is no number`);
    return number;
  }

  numberOr(key, fallback) {
    return this.values.get(key) ? this.number(key) : fallback;
  }

  list(key) {
    return this.text(key).split(',');
  }
}

// Answers the requests of `input` by the methods of `adapter` named like their words, until "stop" or
// the end of `input`. A method returns the values of its answer. What only concerns one receiver may
// run beside others of its kind, so that a crowd does not have to wait for each other's round trips;
// everything else begins when all before it is done. Answers keep the order of the requests.
export async function serve(adapter, { input = process.stdin, output = process.stdout } = {}) {
  const lines = createInterface({ input });
  // Whoever ends this process wants the server to end as well.
  const end = () => lines.close();
  for (const signal of kSignals) process.once(signal, end);
  const running = new Set();
  let written = Promise.resolve();
  let stopped = false;
  for await (const line of lines) {
    const word = line.split(' ', 1)[0];
    const independent = kIndependent.includes(word);
    while (running.size > (independent ? kAtOnce - 1 : 0)) await Promise.race(running);
    const answer = answerTo(adapter, line);
    running.add(answer);
    answer.then(() => running.delete(answer));
    written = written.then(async () => output.write(`${await answer}\n`));
    if (!independent) await answer;
    stopped = word === 'stop';
    if (stopped) break;
  }
  await written;
  if (!stopped) await adapter.stop();
  for (const signal of kSignals) process.off(signal, end);
  input.destroy();
}

const kIndependent = ['receive', 'connected', 'close'];
// Enough to keep a server busy that answers in a millisecond.
const kAtOnce = 16;
const kSignals = ['SIGINT', 'SIGTERM'];
const kWords = ['start', 'room', 'send', 'receive', 'connected', 'close', 'counters', 'stop'];

async function answerTo(adapter, line) {
  try {
    const parsed = parseLine(line);
    if (!kWords.includes(parsed.word)) throw new Error(`there is no request ${parsed.word}`);
    return formatLine('ok', await adapter[parsed.word](new Request(parsed)));
  } catch (error) {
    const kind = error instanceof Absent ? 'skip' : 'error';
    return formatLine(kind, { reason: error.message });
  }
}
