// What the value of an option may look like: text in, a value out, or a sentence that says why not.
//
// The sentence goes on after the name of the option ("must be …"), because the same value may come
// from a flag, from the environment or from a file, each of which has a name of its own for it.

import { isIP } from 'node:net';
import { resolve } from 'node:path';

import type { IceServer } from '../protocol/messages';
import { kLogLevels } from './log';
import type { LogLevel } from './log';

export type { IceServer } from '../protocol/messages';

export class WrongValue extends Error {}

export function integer(low: number, high: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d{1,9}$/.test(text) && value >= low && value <= high) return value;
    throw new WrongValue(`must be a whole number from ${low} to ${high}, not "${text}".`);
  };
}

export function onOff(text: string): boolean {
  if (/^(on|true|yes|1)$/i.test(text)) return true;
  if (/^(off|false|no|0)$/i.test(text)) return false;
  throw new WrongValue(`must be on or off, not "${text}".`);
}

export function ipAddress(text: string): string {
  if (text === 'localhost') return '127.0.0.1';
  if (isIP(text) === 0) throw new WrongValue(`must be an IP address, not "${text}".`);
  return text;
}

export function addressOrName(text: string): string {
  if (isIP(text) === 0 && !/^[A-Za-z0-9]([A-Za-z0-9.-]{0,252}[A-Za-z0-9])?$/.test(text)) {
    throw new WrongValue(`must be an IP address or a host name, not "${text}".`);
  }
  return text;
}

export function path(text: string): string {
  if (text === '') throw new WrongValue('must not be empty.');
  return resolve(text);
}

// The message must not repeat the secret: it may end up in a log.
export function secret(leastBytes: number): (text: string) => string {
  return (text) => {
    if (Buffer.byteLength(text) < leastBytes) {
      throw new WrongValue(`must have at least ${leastBytes} bytes.`);
    }
    return text;
  };
}

// What an Authorization header can carry (RFC 6750 §2.1).
export function bearerSecret(leastBytes: number): (text: string) => string {
  const long = secret(leastBytes);
  return (text) => {
    if (!/^[\w.~+/-]+=*$/.test(text)) {
      throw new WrongValue('must have only letters, digits and - . _ ~ + /.');
    }
    return long(text);
  };
}

export function origin(text: string): string {
  try {
    const url = new URL(text);
    if (url.origin !== 'null' && url.origin === text.replace(/\/$/, '').toLowerCase()) {
      return url.origin;
    }
  } catch {
    // Falls through to the sentence below.
  }
  throw new WrongValue(`must look like https://example.org, without a path, not "${text}".`);
}

export function originOrAny(text: string): string {
  return text === '*' ? text : origin(text);
}

// Credentials in a URL end up in logs; the signature is what tells the receiver who asks.
export function webhookUrl(text: string): string {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new WrongValue('must be an http or https URL.');
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new WrongValue('must be an http or https URL.');
  }
  if (url.username || url.password) throw new WrongValue('must not hold a user or a password.');
  if (url.hash) throw new WrongValue('must not have a fragment.');
  return url.href;
}

// Many services have their key in the query, which is nobody's business who reads a log.
export function withoutQuery(url: string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
}

// RFC 7064 and 7065 give the forms of the URIs. The credential may hold commas, the user may not.
export function iceServer(text: string): IceServer {
  const [uri = '', username, ...rest] = text.split(',');
  if (!/^(stuns?|turns?):[A-Za-z0-9.:[\]-]+(\?transport=(udp|tcp))?$/.test(uri)) {
    throw new WrongValue('must begin with a URI like stun:host:port or turn:host:port.');
  }
  if (uri.startsWith('stun')) {
    if (username !== undefined) throw new WrongValue('has a user, which a STUN server has not.');
    return { urls: [uri] };
  }
  const credential = rest.join(',');
  if (!username || !credential) {
    throw new WrongValue('needs a user and a credential: turn:host:port,user,credential.');
  }
  return { urls: [uri], username, credential };
}

export function logLevel(text: string): LogLevel {
  const level = kLogLevels.find((known) => known === text);
  if (level !== undefined) return level;
  throw new WrongValue(`must be one of ${kLogLevels.join(', ')}, not "${text}".`);
}
