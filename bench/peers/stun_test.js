// STUN by its own published vectors, and what is said to oneself.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { answerTo, bindingRequest, isAnswerTo, isBindingRequest } from './stun.js';

// RFC 5769 §2.1 and §2.2.
const kPassword = 'VOkJxbRl1RmTxUk/WvJxBt';
const kVectorRequest = Buffer.from(
  '000100582112a442b7e7a701bc34d686fa87dfae802200105354554e207465737420636c69656e74' +
    '002400046e0001ff80290008932ff9b151263b36000600096576746a3a68367659202020' +
    '000800149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a280280004e57a3bcf',
  'hex',
);
const kVectorAnswer = Buffer.from(
  '0101003c2112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563746f7220' +
    '002000080001a147e112a643000800142b91f599fd9e90c38c7489f92af9ba53f06be7d7' +
    '80280004c07d4c96',
  'hex',
);

const kLocal = { ufrag: 'mine', pwd: 'mypassword' };
const kRemote = { ufrag: 'yours', pwd: 'yourpassword' };
const kFrom = { address: '192.0.2.1', port: 32853 };

test('the answer of RFC 5769 is one to its request', () => {
  assert.ok(isAnswerTo(kVectorRequest, kVectorAnswer, kPassword));
  assert.ok(!isAnswerTo(kVectorRequest, kVectorAnswer, 'guessed'));
});

test('an answer that was changed is none', () => {
  for (let at = 0; at < kVectorAnswer.length; ++at) {
    const changed = Buffer.from(kVectorAnswer);
    changed[at] ^= 1;
    assert.ok(!isAnswerTo(kVectorRequest, changed, kPassword), `byte ${at}`);
  }
});

test('an answer that was cut is none', () => {
  for (let size = 0; size < kVectorAnswer.length; ++size) {
    assert.ok(!isAnswerTo(kVectorRequest, kVectorAnswer.subarray(0, size), kPassword));
  }
});

test('an answer says the address as RFC 5769 does', () => {
  const answer = answerTo(kVectorRequest, kFrom, kPassword);
  assert.ok(isAnswerTo(kVectorRequest, answer, kPassword));
  assert.equal(answer.subarray(20, 32).toString('hex'), '002000080001a147e112a643');
});

test('a request is one, and of another transaction each time', () => {
  const requests = [1, 2].map(() => bindingRequest(kLocal, kRemote));
  assert.ok(requests.every(isBindingRequest));
  assert.ok(!requests[0].subarray(8, 20).equals(requests[1].subarray(8, 20)));
  const answer = answerTo(requests[0], kFrom, kRemote.pwd);
  assert.ok(isAnswerTo(requests[0], answer, kRemote.pwd));
  assert.ok(!isAnswerTo(requests[1], answer, kRemote.pwd));
});

test('a request names both sides, theirs first, and nominates', () => {
  const text = bindingRequest(kLocal, kRemote).toString('latin1');
  assert.ok(text.includes('yours:mine'));
  assert.ok(text.includes('\x00\x25\x00\x00'));
});
