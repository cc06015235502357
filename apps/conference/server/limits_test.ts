import assert from 'node:assert/strict';
import { test } from 'node:test';

import { isAllowedOrigin } from './origin';
import { TokenBucket } from './token_bucket';

test('our own page may open a socket, on any port and scheme it came from', () => {
  assert.equal(isAllowedOrigin('http://localhost:3000', 'localhost:3000', []), true);
  assert.equal(isAllowedOrigin('https://sfu.example', 'sfu.example', []), true);
  assert.equal(isAllowedOrigin('https://sfu.example', 'sfu.example:443', []), true);
  assert.equal(isAllowedOrigin('http://SFU.example', 'sfu.EXAMPLE:80', []), true);
});

test('a page of another site may not', () => {
  for (const origin of [
    'https://evil.example',
    'http://localhost:3001',
    'http://localhost',
    'https://localhost:3000.evil.example',
    'null',
    '',
    'file://',
  ]) {
    assert.equal(isAllowedOrigin(origin, 'localhost:3000', []), false, origin);
  }
  assert.equal(isAllowedOrigin('http://localhost:3000', undefined, []), false);
});

test('a site may be allowed by name, exactly', () => {
  const allowed = ['https://portal.example'];
  assert.equal(isAllowedOrigin('https://portal.example', 'sfu.example', allowed), true);
  assert.equal(isAllowedOrigin('http://portal.example', 'sfu.example', allowed), false);
  assert.equal(isAllowedOrigin('https://a.portal.example', 'sfu.example', allowed), false);
});

test('a program without an origin is no browser', () => {
  assert.equal(isAllowedOrigin(undefined, 'localhost:3000', []), true);
});

test('a bucket gives its burst, then its rate', () => {
  const bucket = new TokenBucket(10, 5, 0);
  const taken = (now: number, tries: number) =>
    Array.from({ length: tries }, () => bucket.take(now)).filter(Boolean).length;
  assert.equal(taken(0, 20), 5);
  assert.equal(taken(1000, 20), 5, 'never more than the burst');
  assert.equal(taken(1100, 20), 1);
  assert.equal(taken(1150, 20), 0);
});

test('a clock that steps back mints no tokens', () => {
  const bucket = new TokenBucket(10, 1, 1000);
  assert.equal(bucket.take(1000), true);
  assert.equal(bucket.take(0), false);
  assert.equal(bucket.take(50), false);
});
