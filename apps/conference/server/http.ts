// The page over HTTP, and the table of all other addresses.
//
// Every file is read once, at start, into a table by its URL path. A request is a look-up in that
// table, so no path it may name can lead out of the folder.

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname, join } from 'node:path';
import { gzipSync } from 'node:zlib';

import type { PageConfig } from '../protocol/messages';
import { answerProblem, discardBody, Problem } from './http_route';
import type { Route } from './http_route';
import { reasonOf } from './log';
import type { Log } from './log';

const kTypes: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
};

// The page talks to its own server only, runs its own script only and is framed by nobody.
const kSecurityHeaders: Record<string, string> = {
  'Content-Security-Policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "media-src 'self' blob: mediastream:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'Permissions-Policy':
    'camera=(self), microphone=(self), display-capture=(self), geolocation=(), payment=(), usb=()',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
};

// Which files are pages of rooms, and their addresses: the second is for browsers alone, without a library.
const kPages: Record<string, string> = { 'index.html': '/', 'plain.html': '/plain' };
const kConfigMark = '<!--sluice-config-->';
// The longest invitation has 4,096 characters, the longest name of a room 576 when it is escaped.
const kMaxUrlLength = 8 * 1024;
// Of a server that drains: by then another one may be there.
export const kRetryAfterS = 30;

const kDrainingPage = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>No new rooms</title>
<meta name="viewport" content="width=device-width">
<link rel="stylesheet" href="/style.css">
<main class="end"><div class="end-card" role="alert">
<h1>This server takes no new rooms</h1>
<p>It is about to be replaced; calls that are under way go on. Try again in a minute.</p>
</div></main>
</html>
`;

export interface StoredFile {
  type: string;
  body: Buffer;
  zipped: Buffer;
  etag: string;
}

export type PageFiles = ReadonlyMap<string, StoredFile>;

export function loadPage(folder: string, config: PageConfig): PageFiles {
  const files = new Map<string, StoredFile>();
  for (const name of readdirSync(folder)) {
    const type = kTypes[extname(name)];
    if (!type) continue;
    let body: Buffer = readFileSync(join(folder, name));
    if (kPages[name]) body = withConfig(body, config);
    files.set(`/${name}`, store(type, body));
  }
  const index = files.get('/index.html');
  if (!index) throw new Error(`the page is not built: ${folder} has no index.html`);
  for (const [name, address] of Object.entries({ ...kPages, 'live.html': '/live' })) {
    const page = files.get(`/${name}`);
    if (page) files.set(address, page);
  }
  return files;
}

function store(type: string, body: Buffer): StoredFile {
  const digest = createHash('sha256').update(body).digest('base64url').slice(0, 22);
  return { type, body, zipped: gzipSync(body), etag: `"${digest}"` };
}

// The configuration is a data block, which a browser never runs; "<" is escaped so that no string
// in it can end the block.
function withConfig(html: Buffer, config: PageConfig): Buffer {
  const json = JSON.stringify(config).replace(/</g, '\\u003c');
  const block = `<script type="application/json" id="sluice-config">${json}</script>`;
  return Buffer.from(html.toString('utf8').replace(kConfigMark, () => block));
}

// Whether the page is of use: a server that drains has nothing to offer but the rooms that there are.
export type Admits = (room: string | null) => boolean;

export function createHandler(
  files: PageFiles,
  routes: readonly Route[],
  log: Log,
  admits: Admits = () => true,
) {
  return (request: IncomingMessage, response: ServerResponse): void => {
    for (const [name, value] of Object.entries(kSecurityHeaders)) response.setHeader(name, value);
    const path = pathOf(request.url);
    const route = path === null ? undefined : find(routes, path);
    const methods = route?.methods ?? ['GET'];
    const takesBody = isAllowed(methods, request.method) && request.method !== 'GET';
    // A body that nobody wants is read away, or keep-alive would trip over it.
    if (!takesBody) request.resume();
    if (methods !== 'any' && !isAllowed(methods, request.method)) {
      const allowed = methods.includes('GET') ? ['HEAD', ...methods] : [...methods];
      response.setHeader('Allow', allowed.sort().join(', '));
      return answerText(response, 405, `Only ${allowed.join(', ')} are answered here.`);
    }
    if (path === null) return answerText(response, 400, 'This address makes no sense.');
    if (route) return void run(route, { request, response, path }, log);
    // A room may be named by path as well: /r/ROOM is the same page.
    const file = files.get(/^\/r\/[^/]+$/.test(path) ? '/' : path);
    if (!file) return answerText(response, 404, 'There is nothing at this address.');
    if (file === files.get('/') && !admits(roomIn(request.url ?? ''))) {
      return answerDraining(response);
    }
    answerFile(request, response, file);
  };
}

// The longest that fits, so that a part of a folder may have a route of its own.
function find(routes: readonly Route[], path: string): Route | undefined {
  return routes
    .filter((route) =>
      route.path.endsWith('/') ? path.startsWith(route.path) : path === route.path,
    )
    .sort((a, b) => b.path.length - a.path.length)[0];
}

function isAllowed(methods: readonly string[] | 'any', method: string | undefined): boolean {
  if (methods === 'any') return true;
  return (
    methods.includes(method === 'HEAD' ? 'GET' : (method ?? '')) || methods.includes(method ?? '')
  );
}

async function run(
  route: Route,
  { request, response, path }: { request: IncomingMessage; response: ServerResponse; path: string },
  log: Log,
): Promise<void> {
  try {
    await route.handle(request, response, path);
  } catch (error) {
    discardBody(request);
    if (error instanceof Problem) return answerProblem(response, error);
    log.error('a request failed', { route: route.path, reason: reasonOf(error) });
    const sentence = 'The server could not do this; its log says why.';
    answerProblem(response, new Problem(500, 'Internal Server Error', sentence));
  }
}

function pathOf(url: string | undefined): string | null {
  if (!url || url.length > kMaxUrlLength || !url.startsWith('/')) return null;
  const end = url.search(/[?#]/);
  return end === -1 ? url : url.slice(0, end);
}

// As page/params reads it; null if the address names no room.
function roomIn(url: string): string | null {
  const { pathname, searchParams } = new URL(url, 'http://localhost');
  const byPath = /^\/r\/([^/]+)$/.exec(pathname)?.[1];
  try {
    const room = byPath === undefined ? searchParams.get('room') : decodeURIComponent(byPath);
    return room?.normalize('NFC') || null;
  } catch {
    return null;
  }
}

// For people, and by its status for whoever hands requests on to several servers.
function answerDraining(response: ServerResponse): void {
  const headers = { 'Content-Type': 'text/html; charset=utf-8', 'Cache-Control': 'no-store' };
  response.writeHead(503, { ...headers, 'Retry-After': String(kRetryAfterS) });
  response.end(kDrainingPage);
}

function answerText(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' });
  response.end(`${text}\n`);
}

function answerFile(request: IncomingMessage, response: ServerResponse, file: StoredFile): void {
  // Asked for each time, sent only when changed: an update reaches everybody on their next load.
  const headers: Record<string, string> = {
    'Cache-Control': 'no-cache',
    'Content-Type': file.type,
    ETag: file.etag,
    Vary: 'Accept-Encoding',
  };
  if (request.headers['if-none-match'] === file.etag) {
    response.writeHead(304, headers);
    response.end();
    return;
  }
  const zip = /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''));
  const body = zip ? file.zipped : file.body;
  if (zip) headers['Content-Encoding'] = 'gzip';
  headers['Content-Length'] = String(body.length);
  response.writeHead(200, headers);
  response.end(request.method === 'HEAD' ? undefined : body);
}
