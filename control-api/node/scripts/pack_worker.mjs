// Puts the worker into the package that `npm pack` makes, with the libraries it needs beside those
// that every glibc system has, and their licences; takes it out again afterwards.
//
// usage: node scripts/pack_worker.mjs [--remove]
//
// The worker is that of SLUICE_WORKER_BIN, else one that the release build of the repository makes for
// this. It is a program for this system: Linux of this architecture, with a glibc no older than the
// one here. A package made with SLUICE_WORKER_BIN= (empty) has none, and looks for one where it is
// installed.
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, realpathSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const target = join(root, 'worker');
const build = join(root, '..', '..', 'build', 'release');
// Of glibc, which fits the kernel and the loader of the system and comes with it.
const ofSystem = /^(?:linux-vdso|ld-linux[^/]*|libc|libm|libdl|libpthread|librt|libresolv)\.so/;

function output(command, options) {
  const { status, stdout, error } = spawnSync(command, options, { encoding: 'utf8' });
  if (error || status !== 0) throw new Error(`${command} ${options.join(' ')} failed`);
  return stdout;
}

/** Name and path of each library that the program loads. */
function librariesOf(program) {
  const lines = output('ldd', [program]).split('\n');
  const missing = lines.find((line) => line.includes('not found'));
  if (missing) throw new Error(`a library of ${program} is not here: ${missing.trim()}`);
  return lines
    .map((line) => /^\s*(\S+) => (\S+)/.exec(line))
    .filter((found) => found !== null && !ofSystem.test(found[1]))
    .map(([, name, path]) => ({ name, path: realpathSync(path) }));
}

// Of the Debian package that a library belongs to. Whoever builds on another system has to see to the
// licences of what is passed on; here it is known where they stand.
function copyLicence(path, folder) {
  // Some packages know their files by the path before /lib became /usr/lib.
  const places = ['-S', path, path.replace(/^\/usr/, '')];
  const owner = spawnSync('dpkg', places, { encoding: 'utf8' });
  const name = /^([^:\s,]+)/.exec(owner.stdout ?? '')?.[1];
  const licence = name && join('/usr/share/doc', name, 'copyright');
  if (!licence || !existsSync(licence)) {
    console.warn(`pack: the licence of ${path} was not found and has to be added by hand`);
    return;
  }
  copyFileSync(realpathSync(licence), join(folder, name));
}

function strip(file) {
  const { status, error } = spawnSync('strip', ['--strip-unneeded', file], { stdio: 'inherit' });
  if (error || status !== 0) console.warn(`pack: ${file} is not stripped`);
}

// The name of the package is asked for by npm on stdout, and by nobody else.
function buildWorker() {
  if (!existsSync(join(build, 'CMakeCache.txt'))) {
    throw new Error(
      'there is no release build: scripts/run.sh --build-only makes one; or name a worker with ' +
        'SLUICE_WORKER_BIN, or leave that empty',
    );
  }
  const options = ['--build', build, '--target', 'sluice-worker-portable'];
  const { status, error } = spawnSync('cmake', options, { stdio: ['ignore', 2, 2] });
  if (error || status !== 0) throw new Error('the worker cannot be built');
  return join(build, 'worker', 'portable', 'sluice-worker');
}

// `isOurs` if it was built for the package.
function pack(program, isOurs) {
  const libraries = join(target, 'lib');
  mkdirSync(libraries, { recursive: true });
  const worker = join(target, 'sluice-worker');
  copyFileSync(program, worker);
  chmodSync(worker, 0o755);
  strip(worker);
  for (const { name, path } of librariesOf(program)) copyFileSync(path, join(libraries, name));
  const found = librariesOf(worker);
  if (found.every(({ path }) => dirname(path) === realpathSync(libraries))) {
    const licences = join(libraries, 'licences');
    mkdirSync(licences);
    for (const { path } of librariesOf(program)) copyLicence(path, licences);
  } else if (isOurs) {
    throw new Error(`${program} does not find its libraries beside it`);
  } else {
    console.warn(`pack: ${program} takes its libraries from the system where it runs`);
    rmSync(libraries, { recursive: true });
  }
  // It has to run from where it will stand.
  output(worker, ['--version']);
  console.error(`pack: the worker is in the package, for ${process.platform} ${process.arch}`);
}

function main() {
  rmSync(target, { recursive: true, force: true });
  if (process.argv.includes('--remove')) return;
  const program = process.env.SLUICE_WORKER_BIN ?? buildWorker();
  if (program === '') return;
  if (!existsSync(program)) throw new Error(`there is no worker at ${program}`);
  pack(realpathSync(program), process.env.SLUICE_WORKER_BIN === undefined);
}

try {
  main();
} catch (error) {
  console.error(`pack: ${error.message}`);
  process.exitCode = 1;
}
