// Builds the package: TypeScript out of the schema, then ES modules and CommonJS out of that.
//
// usage: node scripts/build.mjs [--tests]
//
//   --tests   also compile the tests, into dist/test
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const schemas = join(root, '..', 'schema');
const generated = join(root, 'src', 'generated');

run();

function run() {
  generateSchema();
  compile('tsconfig.json');
  compile('tsconfig.cjs.json');
  writeFileSync(
    join(root, 'dist', 'cjs', 'package.json'),
    JSON.stringify({ type: 'commonjs', imports: { '#location': './location.js' } }),
  );
  writeFileSync(
    join(root, 'dist', 'cjs', 'location.js'),
    `exports.packageDirectory = require('node:path').join(__dirname, '..', '..');\n`,
  );
  if (process.argv.includes('--tests')) compile('tsconfig.test.json');
}

// The new files take the place of the old ones at the very end, so that a build that fails leaves
// the last good one alone.
function generateSchema() {
  const fresh = `${generated}.new`;
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh, { recursive: true });
  const files = readdirSync(schemas)
    .filter((name) => name.endsWith('.fbs'))
    .sort();
  execute(
    'flatc',
    [
      '--ts',
      '--gen-object-api',
      '-I',
      schemas,
      '-o',
      fresh,
      ...files.map((name) => join(schemas, name)),
    ],
    'flatc (Debian package flatbuffers-compiler) is needed to build the SDK',
  );
  const tables = join(fresh, 'sluice', 'schema');
  const index = [];
  for (const name of readdirSync(tables).sort()) {
    const path = join(tables, name);
    writeFileSync(path, forNode(readFileSync(path, 'utf8')));
    index.push(`export * from './sluice/schema/${name.replace(/\.ts$/, '.js')}';`);
  }
  for (const name of readdirSync(fresh)) {
    if (name.endsWith('_generated.ts')) rmSync(join(fresh, name));
  }
  writeFileSync(join(fresh, 'schema.ts'), `${index.join('\n')}\n`);
  rmSync(generated, { recursive: true, force: true });
  renameSync(fresh, generated);
}

// flatc 2.0.8 writes imports without a file extension, which ES modules of Node do not resolve.
function forNode(source) {
  return source.replace(/(from ')(\.[^']*)(';)/g, '$1$2.js$3');
}

// Compiles into a new folder and swaps it in, for the same reason as above.
function compile(config) {
  const { outDir } = JSON.parse(readFileSync(join(root, config), 'utf8')).compilerOptions;
  const output = join(root, outDir);
  const fresh = `${output}.new`;
  rmSync(fresh, { recursive: true, force: true });
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  if (!existsSync(tsc)) fail('node_modules is missing: run npm ci first');
  execute(
    process.execPath,
    [tsc, '-p', join(root, config), '--outDir', fresh],
    'the TypeScript compiler failed',
  );
  rmSync(output, { recursive: true, force: true });
  cpSync(fresh, output, { recursive: true });
  rmSync(fresh, { recursive: true, force: true });
}

function execute(command, options, complaint) {
  const { status, error } = spawnSync(command, options, { stdio: 'inherit', cwd: root });
  if (error || status !== 0) fail(error ? `${complaint}: ${error.message}` : complaint);
}

function fail(message) {
  console.error(`build: ${message}`);
  process.exit(1);
}
