// SRTP keys as applications carry them from one end to the other (RFC 4568 §6.1).
import { SrtpParametersT, type SrtpSuite } from './generated/schema.js';
import { asDictionary, asName, asOneOf } from './ortc/fields.js';

export type SrtpCryptoSuite = (typeof suites)[number];

/** What one side sends with. */
export interface SrtpParameters {
  cryptoSuite: SrtpCryptoSuite;
  /** Master key and salt in base64: 28, 44, 30 and 30 bytes. */
  keyBase64: string;
}

// In the order of the schema.
const suites = [
  'AEAD_AES_128_GCM',
  'AEAD_AES_256_GCM',
  'AES_CM_128_HMAC_SHA1_80',
  'AES_CM_128_HMAC_SHA1_32',
] as const;
const keySizes = [28, 44, 30, 30];

export function encodeSuite(value: unknown, where: string): SrtpSuite {
  return suites.indexOf(asOneOf(value, where, suites)) as SrtpSuite;
}

/** Throws a TypeError that names the field. */
export function encodeSrtpParameters(value: unknown, where = 'srtpParameters'): SrtpParametersT {
  const parameters = asDictionary(value, where);
  const suite = encodeSuite(parameters.cryptoSuite, `${where}.cryptoSuite`);
  const key = asName(parameters.keyBase64, `${where}.keyBase64`);
  if (Buffer.from(key, 'base64').length !== keySizes[suite])
    throw new TypeError(`${where}.keyBase64 is not ${keySizes[suite]} bytes in base64`);
  return new SrtpParametersT(suite, key);
}

export function decodeSrtpParameters(
  parameters: SrtpParametersT | null,
): SrtpParameters | undefined {
  if (!parameters) return undefined;
  const known: readonly SrtpCryptoSuite[] = suites;
  const cryptoSuite = known[parameters.suite] ?? suites[0];
  return { cryptoSuite, keyBase64: String(parameters.keyBase64) };
}
