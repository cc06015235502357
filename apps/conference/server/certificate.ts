// A self-signed certificate for --https, made once and kept.
//
// Node can read X.509 but not write it, so the openssl program does. The certificate is renewed
// when it is about to expire or does not name an address it is needed for; browsers then ask their
// people once more whether they trust it.

import { execFile } from 'node:child_process';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { chmod, mkdir, readFile, rename, rm } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { promisify } from 'node:util';

import { reasonOf } from './log';

// Browsers refuse certificates that live longer than 398 days.
const kDays = 390;
const kRenewBeforeMs = 14 * 24 * 3600 * 1000;

export interface KeyPair {
  cert: string;
  key: string;
}

export async function obtainCertificate(
  folder: string,
  names: string[],
  now = Date.now(),
): Promise<KeyPair> {
  const paths = { cert: join(folder, 'https-cert.pem'), key: join(folder, 'https-key.pem') };
  const kept = await read(paths);
  if (kept && isUsable(kept, names, now)) return kept;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await make(paths, names);
  const made = await read(paths);
  if (!made) throw new Error(`the certificate made in ${folder} cannot be read`);
  return made;
}

// What --cert and --key name. Rejects with a sentence for what cannot be read, and for what is no
// certificate with its key, of which OpenSSL alone would tell no more than an error number.
export async function readKeyPair(paths: KeyPair): Promise<KeyPair> {
  const readAs = (option: string, path: string) =>
    readFile(path, 'utf8').catch((error: unknown) => {
      throw new Error(`${option} cannot be read: ${reasonOf(error)}`);
    });
  const [cert, key] = await Promise.all([readAs('--cert', paths.cert), readAs('--key', paths.key)]);
  usable('--cert is no certificate in PEM', () => createSecureContext({ cert }));
  usable('--key is no private key in PEM', () => createPrivateKey(key));
  usable('--key is not the key of --cert', () => createSecureContext({ cert, key }));
  return { cert, key };
}

function usable(otherwise: string, act: () => unknown): void {
  try {
    act();
  } catch (error) {
    throw new Error(`${otherwise}: ${reasonOf(error)}`);
  }
}

async function read(paths: KeyPair): Promise<KeyPair | null> {
  try {
    const [cert, key] = await Promise.all([
      readFile(paths.cert, 'utf8'),
      readFile(paths.key, 'utf8'),
    ]);
    return { cert, key };
  } catch {
    return null;
  }
}

export function isUsable({ cert, key }: KeyPair, names: string[], now: number): boolean {
  try {
    const parsed = new X509Certificate(cert);
    if (Date.parse(parsed.validTo) - now < kRenewBeforeMs) return false;
    if (!parsed.checkPrivateKey(createPrivateKey(key))) return false;
    return names.every((name) => (isIP(name) ? parsed.checkIP(name) : parsed.checkHost(name)));
  } catch {
    return false;
  }
}

async function make(paths: KeyPair, names: string[]): Promise<void> {
  const altNames = names.map((name) => `${isIP(name) ? 'IP' : 'DNS'}:${name}`).join(',');
  // Written beside and then renamed, so that a start cut short leaves no half of a pair.
  const fresh = { cert: `${paths.cert}.new`, key: `${paths.key}.new` };
  const args = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
  args.push('-nodes', '-sha256', '-days', String(kDays), '-subj', '/CN=Sluice conference');
  args.push('-addext', `subjectAltName=${altNames}`, '-keyout', fresh.key, '-out', fresh.cert);
  try {
    await promisify(execFile)('openssl', args, { timeout: 30_000 });
    await chmod(fresh.key, 0o600);
    await rename(fresh.key, paths.key);
    await rename(fresh.cert, paths.cert);
  } catch (error) {
    await Promise.all([rm(fresh.key, { force: true }), rm(fresh.cert, { force: true })]);
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new Error(
      missing
        ? 'the openssl program is needed to make a certificate; install it or give --cert and --key'
        : `openssl could not make a certificate: ${(error as Error).message}`,
    );
  }
}
