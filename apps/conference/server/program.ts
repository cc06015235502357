// The program: options, one Service, its end, the exit code.

import { accessSync, constants, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { announcedAddress, certificateNames, requireOwnAddress } from './addresses';
import { obtainCertificate, readKeyPair } from './certificate';
import type { KeyPair } from './certificate';
import type { DrainSignal } from './drain_signal';
import { Log, reasonOf } from './log';
import { effective, usage } from './option_report';
import { parseOptions } from './options';
import type { Options, Origins } from './options';
import { Service } from './service';
import { sluiceEngine } from './sluice_engine';

// Compiled, this file is in apps/conference/dist/server.
const kHere = dirname(fileURLToPath(import.meta.url));
const kPackageFolder = join(kHere, '../..');
const kRepository = join(kPackageFolder, '../..');
const kWorkerPlaces = ['build/release/worker/sluice-worker', 'build/release/sluice-worker'];

function version(): string {
  const text = readFileSync(join(kPackageFolder, 'package.json'), 'utf8');
  return String((JSON.parse(text) as { version: unknown }).version);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function findWorker(options: Options): string {
  const places = options.workerBin
    ? [options.workerBin]
    : kWorkerPlaces.map((place) => join(kRepository, place));
  const found = places.find(isExecutable);
  if (found) return found;
  throw new Error(
    `the media worker was not found at ${places.join(' or ')}; build it or give --worker-bin`,
  );
}

async function keyPairFor(options: Options, readOnly?: 'read only'): Promise<KeyPair | null> {
  if (!options.https) return null;
  if (options.cert === null || options.key === null) {
    if (readOnly) return null;
    return obtainCertificate(options.stateDir, certificateNames(options));
  }
  return readKeyPair({ cert: options.cert, key: options.key });
}

function explain(error: unknown, options: Options): string {
  const code = (error as NodeJS.ErrnoException | null)?.code;
  const where = `${options.listen} port ${options.port}`;
  const syscall = (error as NodeJS.ErrnoException | null)?.syscall;
  if (syscall === 'listen') {
    if (code === 'EADDRINUSE') return `${where} is in use; choose another with --port`;
    if (code === 'EACCES') return `${where} may not be opened by this user; choose another --port`;
    if (code === 'EADDRNOTAVAIL')
      return `${options.listen} (--listen) is not an address of this machine`;
  }
  return reasonOf(error);
}

async function serve(options: Options, drainSignal: DrainSignal): Promise<number> {
  const log = new Log(options.logLevel);
  process.on('unhandledRejection', (error) => {
    log.error('a rejection was not handled', { reason: reasonOf(error) });
  });
  let stop: () => void = () => {};
  const stopped = new Promise<void>((resolve) => (stop = resolve));
  // A second signal during the goodbye ends the process the usual way.
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  try {
    const workerBin = findWorker(options);
    const service = await Service.start({
      options,
      createWorker: sluiceEngine(workerBin, options.logLevel, options.maxTcp),
      pageFolder: join(kHere, '../page'),
      keyPair: await keyPairFor(options),
      version: version(),
      log,
    });
    // SIGTERM stays what stops a server at once, or an init system would hang on every call; and
    // SIGUSR1 belongs to Node's debugger.
    drainSignal.onAsked(() => service.drain());
    process.stdout.write(`Sluice conference is at ${service.url}\n`);
    await Promise.race([stopped, service.drained]);
    log.info('closing');
    await service.close();
    return 0;
  } catch (error) {
    process.stderr.write(`sluice-conference: ${explain(error, options)}\n`);
    return 1;
  }
}

// What would keep the server from starting is found here as well, but for ports that are in use.
async function checkConfig(options: Options, origins: Origins): Promise<number> {
  process.stdout.write(effective(options, origins));
  const checks = [
    async () => findWorker(options),
    () => keyPairFor(options, 'read only'),
    () => requireOwnAddress(options.listen),
    async () => announcedAddress(options),
  ];
  const outcomes = await Promise.allSettled(checks.map((check) => check()));
  const faults = outcomes.flatMap((one) =>
    one.status === 'rejected' ? [reasonOf(one.reason)] : [],
  );
  for (const fault of faults) process.stderr.write(`sluice-conference: ${fault}\n`);
  return faults.length === 0 ? 0 : 2;
}

async function start(drainSignal: DrainSignal): Promise<number> {
  const readFile = (path: string) => readFileSync(path, 'utf8');
  const parsed = parseOptions(process.argv.slice(2), process.env, readFile);
  switch (parsed.kind) {
    case 'help':
      process.stdout.write(usage());
      return 0;
    case 'version':
      process.stdout.write(`sluice-conference ${version()}\n`);
      return 0;
    case 'wrong':
      for (const fault of parsed.faults) process.stderr.write(`sluice-conference: ${fault}\n`);
      return 2;
    case 'check':
      return checkConfig(parsed.options, parsed.origins);
    case 'run':
      return serve(parsed.options, drainSignal);
  }
}

// The exit code.
export async function run(drainSignal: DrainSignal): Promise<number> {
  try {
    return await start(drainSignal);
  } catch (error) {
    process.stderr.write(`sluice-conference: ${reasonOf(error)}\n`);
    return 1;
  }
}
