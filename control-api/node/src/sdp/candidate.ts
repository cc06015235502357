// ICE candidates as text (RFC 8839 §5.1).
import type { IceCandidate } from '../ice_dtls.js';
import type { SdpCandidate } from './description.js';
import { asInteger, asToken, Fault, words } from './fields.js';
import { SdpError } from './sdp_error.js';

/** An IP address, or the name of a host. */
export const addressPattern = /^[0-9A-Za-z.:_%-]{1,255}$/;

/** "candidate:FOUNDATION COMPONENT ..." without what stands before it. Throws a Fault. */
export function readCandidate(text: string): SdpCandidate {
  const [foundation, component, protocol, priority, address, port, typ, type, ...rest] =
    words(text);
  if (typ !== 'typ') throw new Fault('candidate without a type');
  if (!/^[A-Za-z0-9+/=_-]{1,64}$/.test(foundation ?? ''))
    throw new Fault('foundation of a candidate is malformed');
  if (!addressPattern.test(address ?? '')) throw new Fault('address of a candidate is malformed');
  const candidate: SdpCandidate = {
    foundation: foundation as string,
    component: asInteger(component, 'component', 1, 256),
    protocol: asToken(protocol, 'transport', 16).toLowerCase(),
    priority: asInteger(priority, 'priority', 0, 0xffffffff),
    address: address as string,
    port: asInteger(port, 'port', 0, 0xffff),
    type: asToken(type, 'type', 16),
  };
  readExtensions(candidate, rest);
  return candidate;
}

/**
 * Of a browser's RTCIceCandidate.candidate, or of a line with "a=" before it. Throws an SdpError.
 */
export function parseCandidate(text: string): SdpCandidate {
  if (typeof text !== 'string' || text.length > 1024)
    throw new SdpError('candidate is not a string of up to 1024 characters');
  const line = text.replace(/^a=/, '').trim();
  if (!line.startsWith('candidate:')) throw new SdpError('candidate does not begin as one');
  try {
    return readCandidate(line.slice('candidate:'.length));
  } catch (error) {
    throw error instanceof Fault ? new SdpError(error.message) : error;
  }
}

/** Without "a=". */
export function writeCandidate(candidate: SdpCandidate): string {
  const { foundation, component, protocol, priority, address, port, type } = candidate;
  const { tcpType, relatedAddress, relatedPort, usernameFragment } = candidate;
  return [
    `candidate:${foundation} ${component} ${protocol} ${priority} ${address} ${port} typ ${type}`,
    ...(relatedAddress === undefined ? [] : [`raddr ${relatedAddress}`]),
    ...(relatedPort === undefined ? [] : [`rport ${relatedPort}`]),
    ...(tcpType === undefined ? [] : [`tcptype ${tcpType}`]),
    ...(usernameFragment === undefined ? [] : [`ufrag ${usernameFragment}`]),
  ].join(' ');
}

/** A transport's own candidate; with RTP and RTCP on one port there is one component. */
export function sdpCandidate(candidate: IceCandidate): SdpCandidate {
  const { foundation, priority, address, protocol, port, type, tcpType } = candidate;
  const tcp = tcpType === undefined ? {} : { tcpType };
  return { foundation, component: 1, protocol, priority, address, port, type, ...tcp };
}

// RFC 8839 §5.1: pairs of a name and a value, in any order after the related address. What is not
// known is left out.
function readExtensions(candidate: SdpCandidate, rest: string[]): void {
  for (let at = 0; at + 1 < rest.length; at += 2) {
    const value = rest[at + 1] as string;
    if (rest[at] === 'raddr' && addressPattern.test(value)) candidate.relatedAddress = value;
    else if (rest[at] === 'rport')
      candidate.relatedPort = asInteger(value, 'related port', 0, 0xffff);
    else if (rest[at] === 'tcptype') candidate.tcpType = asToken(value, 'tcptype', 16);
    else if (rest[at] === 'ufrag') candidate.usernameFragment = value.slice(0, 256);
  }
}
