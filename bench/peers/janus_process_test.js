// Which address Janus is told to use: it takes none of the loopback interface.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Absent } from './line_protocol.js';
import { localAddress } from './janus_process.js';

const kLoopback = { address: '127.0.0.1', family: 'IPv4', internal: true };
const kOther = { address: '192.0.2.2', family: 'IPv4', internal: false };
const kSix = { address: '2001:db8::1', family: 'IPv6', internal: false };

test('the first IPv4 address of the machine that is no loopback', () => {
  assert.equal(localAddress({ lo: [kLoopback], eth0: [kSix, kOther] }), '192.0.2.2');
});

test('a machine without one is told how to get one', () => {
  assert.throws(() => localAddress({ lo: [kLoopback], eth0: [kSix] }), Absent);
  assert.throws(() => localAddress({}), /ip link add dummy0/);
});
