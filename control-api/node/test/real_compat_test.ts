// Programs that were written for mediasoup's API run here with their import changed and nothing else.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { workerBin } from '../src/index.js';
import { skip } from './real_worker.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const timeout = 60_000;

/** Each line of the output, as a whole. */
const expected: Record<string, RegExp[]> = {
  'sfu-room.mjs': [
    /everybody hears: alice\/audio alice\/video carol\/audio carol\/video/,
    /loud: alice dominant: alice/,
    /stats: inbound-rtp video\/VP8 true 0 (10|no score yet)/,
    /hushed: true/,
    /left: 4 transports 2 consumers/,
    /closed: true true/,
  ],
  'broadcast-pipes.cjs': [
    /workers: 3 routers: 1\+1\+1/,
    /piped: pipe true audio evening news/,
    /by hand: pipe-pipe pipe true AEAD_AES_256_GCM/,
    /viewers: 15 all hear: true intact: true/,
    /pipe: pipe-transport true true number/,
    /stream: outbound-rtp audio audio\/opus inbound-rtp/,
    /pause: true/,
    /edge closed: 1\+0\+1/,
    /over: 9 true true/,
    /closed: true/,
  ],
  'data-relay.mjs': [
    /chat: direct chat text news/,
    /piped: sctp sctp true chat/,
    /heard: 52 52 true/,
    /bytes: true 3 ""/,
    /red: to red, to everybody/,
    /blue: to blue, to whoever is in 2, to everybody \[2,3\]/,
    /all: to red, to blue, to everybody/,
    /sctp: connected 16384 false true/,
    /stream: sctp \{"streamId":0,"ordered":false,"maxRetransmits":0\} sctp/,
    /game: 19/,
    /alone: true 16384 true/,
    /resumed: but this 53/,
    /stats: data-producer 54 data-consumer 53/,
    /dump: true 2/,
    /closed: true true true/,
  ],
};

describe('a program written for mediasoup', { skip }, () => {
  for (const [name, lines] of Object.entries(expected)) {
    test(`runs with its import changed: ${name}`, async () => {
      const output = await runElsewhere(name);
      assert.equal(output.length, lines.length, output.join('\n'));
      for (const [at, line] of lines.entries())
        assert.match(output[at] as string, new RegExp(`^${line.source}$`));
    });
  }
});

// In a directory that has nothing but the package and the program.
async function runElsewhere(name: string): Promise<string[]> {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-compat-'));
  try {
    const scope = join(directory, 'node_modules', '@sluice');
    mkdirSync(scope, { recursive: true });
    symlinkSync(root, join(scope, 'sdk'));
    const program = readFileSync(join(root, 'examples', 'compat', name), 'utf8');
    const [before, after, ...more] = program.split("'mediasoup'");
    assert.ok(after !== undefined && more.length === 0, 'one import names mediasoup');
    writeFileSync(join(directory, name), `${before}'@sluice/sdk'${after}`);
    const env = { ...process.env, SLUICE_WORKER_BIN: workerBin };
    const ran = await promisify(execFile)(process.execPath, [name], {
      cwd: directory,
      timeout,
      env,
    });
    assert.equal(ran.stderr, '');
    return ran.stdout.trim().split('\n');
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
