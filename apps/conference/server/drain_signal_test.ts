import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';

import { DrainSignal } from './drain_signal';

test('a signal that came before there was anything to drain is obeyed then', () => {
  const process = new EventEmitter();
  const signal = new DrainSignal(process);
  process.emit('SIGUSR2');
  let drained = 0;
  signal.onAsked(() => (drained += 1));
  assert.equal(drained, 1);
});

test('nothing is drained unasked, and a later signal is obeyed each time', () => {
  const process = new EventEmitter();
  const signal = new DrainSignal(process);
  let drained = 0;
  signal.onAsked(() => (drained += 1));
  assert.equal(drained, 0);
  process.emit('SIGUSR2');
  process.emit('SIGUSR2');
  assert.equal(drained, 2);
});
