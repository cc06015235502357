// What --check-config finds on this machine beyond what an option says by itself.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { requireOwnAddress } from './addresses';
import { obtainCertificate, readKeyPair } from './certificate';

const folder = mkdtempSync(join(tmpdir(), 'sluice-check-'));
process.on('exit', () => rmSync(folder, { recursive: true }));

async function made(name: string): Promise<{ cert: string; key: string }> {
  const state = join(folder, name);
  await obtainCertificate(state, ['localhost']);
  return { cert: join(state, 'https-cert.pem'), key: join(state, 'https-key.pem') };
}

test('what --cert and --key name is told by its option if it is of no use', async () => {
  const [one, other] = [await made('one'), await made('other')];
  const garbage = join(folder, 'garbage.pem');
  writeFileSync(garbage, 'no certificate');
  assert.match((await readKeyPair(one)).cert, /BEGIN CERTIFICATE/);
  const wrong: [{ cert: string; key: string }, RegExp][] = [
    [{ ...one, cert: join(folder, 'nothing') }, /^--cert cannot be read: ENOENT/],
    [{ ...one, key: join(folder, 'nothing') }, /^--key cannot be read: ENOENT/],
    [{ ...one, cert: garbage }, /^--cert is no certificate in PEM: /],
    [{ ...one, key: garbage }, /^--key is no private key in PEM: /],
    [{ ...one, key: other.key }, /^--key is not the key of --cert: /],
  ];
  for (const [paths, message] of wrong) {
    await assert.rejects(readKeyPair(paths), (error: Error) => message.test(error.message));
  }
});

test('an address of somebody else is no address to listen on', async () => {
  for (const own of ['127.0.0.1', '127.0.0.2', '0.0.0.0']) await requireOwnAddress(own);
  await assert.rejects(requireOwnAddress('203.0.113.7'), /^Error: --listen 203\.0\.113\.7 is not/);
});
