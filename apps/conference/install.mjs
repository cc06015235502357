// Copies what the conference needs to run into a folder: what was built, and those packages, with
// their licences, that the server loads when it runs. The page has its packages inside.
//
// usage: node install.mjs FOLDER

import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const dist = join(here, 'dist');
const manifestOf = (folder) => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));

// The packages that bundles below `dist` import by name.
function importedBy(name, bundles) {
  const wanted = new RegExp(`(?:from|import)\\s*\\(?["']${name}(?:/[^"']*)?["']`);
  return bundles.some((text) => wanted.test(text));
}

function bundles() {
  return readdirSync(dist, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !['page', 'tests'].includes(entry.name))
    .map((entry) => join(dist, entry.name))
    .flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)))
    .filter((path) => path.endsWith('.js'))
    .map((path) => readFileSync(path, 'utf8'));
}

// Where Node.js would find `name` from `folder`.
function locate(name, folder) {
  const paths = createRequire(join(folder, 'package.json')).resolve.paths(name);
  const found = paths
    .map((path) => join(path, name))
    .find((path) => existsSync(join(path, 'package.json')));
  if (!found) throw new Error(`${name} is not installed: run npm ci`);
  return realpathSync(found);
}

// What npm would publish of our own package, without the worker that is packed into it; other
// packages come as they are.
function copyPackage(name, from, to) {
  const { files } = manifestOf(from);
  const own = name.startsWith('@sluice/');
  const entries = own ? ['package.json', 'README.md', 'LICENSE', ...files] : readdirSync(from);
  for (const entry of entries) {
    if (entry === 'node_modules' || (own && entry === 'worker') || !existsSync(join(from, entry)))
      continue;
    mkdirSync(dirname(join(to, entry)), { recursive: true });
    cpSync(join(from, entry), join(to, entry), { recursive: true, dereference: true });
  }
}

function copyPackages(destination) {
  const done = new Map();
  const visit = (name, folder) => {
    const from = locate(name, folder);
    if (done.has(name)) {
      if (done.get(name) !== from) throw new Error(`${name} is needed in two versions`);
      return;
    }
    done.set(name, from);
    copyPackage(name, from, join(destination, 'node_modules', name));
    for (const next of Object.keys(manifestOf(from).dependencies ?? {})) visit(next, from);
  };
  const texts = bundles();
  for (const name of Object.keys(manifestOf(here).dependencies)) {
    if (importedBy(name, texts)) visit(name, here);
  }
  return [...done.keys()];
}

function main([destination]) {
  if (!destination) throw new Error('usage: node install.mjs FOLDER');
  if (!existsSync(join(dist, 'server', 'main.js')))
    throw new Error('nothing is built: npm run build');
  rmSync(destination, { recursive: true, force: true });
  const isBuilt = (path) => !path.startsWith(join(dist, 'tests')) && !path.endsWith('.map');
  cpSync(dist, join(destination, 'dist'), { recursive: true, filter: isBuilt });
  const { name, version, description, license, type, engines } = manifestOf(here);
  const manifest = { name, version, private: true, description, license, type, engines };
  writeFileSync(join(destination, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  const packages = copyPackages(destination);
  console.log(`conference: installed in ${destination}, with ${packages.join(', ')}`);
}

try {
  main(process.argv.slice(2));
} catch (error) {
  console.error(`conference: ${error.message}`);
  process.exitCode = 1;
}
