// Which web pages may open a socket here.
//
// A browser sends cookies and reaches localhost on behalf of any page, so the Origin header is the
// only thing that tells our page from a stranger's (RFC 6455 §10.2). A client without the header is
// no browser and gains nothing by lying about it; it is let in, and tokens guard the room.

export function isAllowedOrigin(
  origin: string | undefined,
  host: string | undefined,
  allowed: readonly string[],
): boolean {
  if (origin === undefined) return true;
  let parsed: URL;
  try {
    parsed = new URL(origin);
  } catch {
    return false; // "null", as sandboxed frames and files send it, ends here.
  }
  if (allowed.includes(parsed.origin)) return true;
  return host !== undefined && parsed.host.toLowerCase() === withoutDefaultPort(parsed, host);
}

// URL.host leaves out the default port of its scheme; a Host header may spell it out.
function withoutDefaultPort(origin: URL, host: string): string {
  const port = origin.protocol === 'https:' ? ':443' : ':80';
  const lower = host.toLowerCase();
  return lower.endsWith(port) ? lower.slice(0, -port.length) : lower;
}
