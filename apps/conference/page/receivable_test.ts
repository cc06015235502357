import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { types } from 'mediasoup-client';

import { receivable, soundExtensions } from './receivable';

const extension = (kind: 'audio' | 'video', uri: string): types.RtpHeaderExtension => ({
  kind,
  uri: uri as types.RtpHeaderExtensionUri,
  preferredId: 5,
  preferredEncrypt: false,
  direction: 'sendrecv',
});

const listed = (capabilities: types.RtpCapabilities) =>
  capabilities.headerExtensions?.map(({ kind, uri }) => `${kind} ${uri}`);

test('what the browser reads in sound as well is listed for sound', () => {
  const capabilities = {
    codecs: [],
    headerExtensions: [extension('video', 'number'), extension('video', 'orientation')],
  };
  assert.deepEqual(listed(receivable(capabilities, new Set(['number', 'level']))), [
    'video number',
    'video orientation',
    'audio number',
  ]);
});

test('what is listed for sound already stays as it is', () => {
  const capabilities = {
    codecs: [],
    headerExtensions: [extension('audio', 'number'), extension('video', 'number')],
  };
  assert.deepEqual(receivable(capabilities, new Set(['number'])), capabilities);
});

test('a browser that says nothing adds nothing', () => {
  assert.deepEqual(listed(receivable({}, soundExtensions())), []);
});
