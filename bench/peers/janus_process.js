// A Janus of its own for one measurement: the video room and the HTTP transport, nothing else, with
// a configuration in a temporary folder.

import { execFile, spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { access, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { Absent } from './line_protocol.js';

const run = promisify(execFile);
const kProgram = process.env.JANUS_BIN ?? 'janus';
// Where distributions and Janus' own installation put what it loads.
const kLibraries = ['/usr/lib', '/usr/local/lib', '/opt/janus/lib'];
const kParts = { plugins: 'libjanus_videoroom.so', transports: 'libjanus_http.so' };
// Long enough for it to say goodbye to a thousand clients, short enough for somebody who waits.
const kGoodbyeMs = 5000;

export class JanusProcess {
  #child;
  #folder;
  #exited;

  // Media gets ports from `portMin` up, or any where it is 0.
  static async start(cpu, portMin) {
    const janus = new JanusProcess();
    janus.version = await version();
    const libraries = await findLibraries();
    janus.port = await freePort();
    janus.#folder = await mkdtemp(join(tmpdir(), 'sluice-janus-'));
    try {
      await writeConfiguration(janus.#folder, libraries, { http: janus.port, portMin });
    } catch (error) {
      await janus.#forget();
      throw error;
    }
    janus.#launch(cpu);
    return janus;
  }

  get pid() {
    return this.#child.pid;
  }

  get hasExited() {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  async stop() {
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), kGoodbyeMs);
    this.#child.kill('SIGTERM');
    await this.#exited;
    clearTimeout(timer);
    await this.#forget();
  }

  #forget() {
    return rm(this.#folder, { recursive: true, force: true });
  }

  // Both programs become Janus by exec, so that its pid is the child's. It must not outlive this
  // process, however that ends.
  #launch(cpu) {
    const own = [kProgram, '--configs-folder', this.#folder, '--disable-colors'];
    const pinned = ['taskset', '--cpu-list', String(cpu), ...own];
    this.#child = spawn('setpriv', ['--pdeathsig', 'KILL', ...pinned], {
      stdio: ['ignore', process.stderr, process.stderr],
    });
    this.#exited = new Promise((resolve) => {
      this.#child.once('exit', resolve);
      this.#child.once('error', resolve);
    });
  }
}

async function version() {
  try {
    const { stdout } = await run(kProgram, ['--help']);
    return /\d+\.\d+\.\d+/.exec(stdout)[0];
  } catch {
    throw new Absent(
      process.env.JANUS_BIN
        ? `JANUS_BIN=${kProgram} is no Janus`
        : 'there is no janus: apt-get install janus, or name one in JANUS_BIN',
    );
  }
}

// The folder with Janus' plugins and transports: below a folder of the architecture in Debian.
async function findLibraries() {
  for (const root of kLibraries) {
    const nested = await readdir(root, { withFileTypes: true }).catch(() => []);
    const folders = nested
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => join(root, name));
    for (const folder of [root, ...folders]) {
      const candidate = join(folder, 'janus');
      if (await readable(join(candidate, 'plugins', kParts.plugins))) return candidate;
    }
  }
  throw new Absent(`${kParts.plugins} is in none of ${kLibraries.join(', ')}`);
}

async function readable(path) {
  return access(path, constants.R_OK).then(
    () => true,
    () => false,
  );
}

// Janus never takes the loopback interface for media, whatever its lists say. Any other address of
// this machine reaches it over the loopback device all the same.
export function localAddress(interfaces = networkInterfaces()) {
  const wanted = process.env.JANUS_ADDRESS;
  const all = Object.values(interfaces).flat();
  const usable = all.filter(({ family, internal }) => family === 'IPv4' && !internal);
  const found = wanted ? usable.find(({ address }) => address === wanted) : usable[0];
  if (found) return found.address;
  throw new Absent(
    wanted
      ? `JANUS_ADDRESS=${wanted} is no address of this machine that Janus takes`
      : 'Janus takes no loopback address and this machine has no other: ' +
          'ip link add dummy0 type dummy; ip address add 198.51.100.1/32 dev dummy0; ' +
          'ip link set dummy0 up',
  );
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

async function writeConfiguration(folder, libraries, ports) {
  for (const [part, file] of Object.entries(kParts)) {
    await mkdir(join(folder, part));
    await symlink(join(libraries, part, file), join(folder, part, file));
  }
  const files = {
    'janus.jcfg': core(folder, ports.portMin),
    'janus.plugin.videoroom.jcfg': 'general: {\n  string_ids = true\n  events = false\n}\n',
    'janus.transport.http.jcfg': http(ports.http),
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
}

// Level 2 are errors and what is worse. Without a time limit for sessions nobody must keep them
// alive while a load runs.
function core(folder, portMin) {
  return `general: {
  configs_folder = "${folder}"
  plugins_folder = "${join(folder, 'plugins')}"
  transports_folder = "${join(folder, 'transports')}"
  events_folder = "${folder}"
  loggers_folder = "${folder}"
  debug_level = 2
  session_timeout = 0${eventLoops()}
}
nat: {
  nice_debug = false
  ice_lite = true
  ice_enforce_list = "${localAddress()}"
}
media: {
  ipv6 = false
  no_media_timer = 0${portMin ? `\n  rtp_port_range = "${portMin}-65535"` : ''}
}
`;
}

// Janus' own choice is a thread for each client, which costs two thirds more for each packet on the
// one core that it gets here. One loop costs the least, but what a sender sends then waits behind its
// receivers, and is lost there on a busy machine.
const kEventLoops = 2;

function eventLoops(wanted = process.env.JANUS_EVENT_LOOPS) {
  if (wanted && !/^\d{1,3}$/.test(wanted)) {
    throw new Error(`JANUS_EVENT_LOOPS=${wanted} is no number of threads`);
  }
  const loops = wanted ? Number(wanted) : kEventLoops;
  return loops > 0 ? `\n  event_loops = ${loops}` : '';
}

function http(port) {
  return `general: {
  json = "compact"
  base_path = "/janus"
  http = true
  ip = "127.0.0.1"
  port = ${port}
  https = false
}
admin: {
  admin_http = false
  admin_https = false
}
`;
}
