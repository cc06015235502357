import assert from 'node:assert/strict';
import { test } from 'node:test';

import { sizeOf } from './file_wording';
import { linkedText } from './linked_text';
import {
  encodePart,
  kMaxFileBytes,
  kMaxFileNameLength,
  kMaxTextLength,
  kPartBytes,
  readChatWord,
  readLaneWord,
  readPart,
  tidyFileName,
} from './words';

const kId = '0123456789abcdef0123456789abcdef';
const kOffer = { type: 'file', id: kId, name: 'a.txt', size: 3, sha256: kId + kId };
const read = (word: unknown) => readChatWord(JSON.stringify(word));

test('what is no word of the chat is nothing', () => {
  for (const data of [
    '',
    '{',
    'null',
    '[]',
    '7',
    '{"type":"shout"}',
    '{"__proto__":{"type":"say"}}',
    new ArrayBuffer(3),
    undefined,
  ]) {
    assert.equal(readChatWord(data), null);
  }
});

test('a text is short, and more than blanks', () => {
  assert.deepEqual(read({ type: 'say', text: ' hi\r\nthere ' }), {
    type: 'say',
    text: 'hi\nthere',
  });
  assert.equal(read({ type: 'say', text: ' \u200b\n ' }), null);
  assert.equal(read({ type: 'say', text: 'x'.repeat(kMaxTextLength + 1) }), null);
  assert.equal(read({ type: 'say', text: 7 }), null);
});

test('marks that turn or hide text are taken out', () => {
  assert.deepEqual(read({ type: 'say', text: 'a\u202eb\u0000c' }), { type: 'say', text: 'abc' });
});

test('an offer with a field that cannot be is nothing', () => {
  assert.ok(read(kOffer));
  for (const wrong of [
    { id: 'x' },
    { id: undefined },
    { name: 7 },
    { name: 'x'.repeat(2000) },
    { size: -1 },
    { size: 1.5 },
    { size: '3' },
    { size: kMaxFileBytes + 1 },
    { sha256: kId },
  ]) {
    assert.equal(read({ ...kOffer, ...wrong }), null, JSON.stringify(wrong));
  }
});

test('a file name has no folder, no turned text and no leading dot', () => {
  assert.equal(tidyFileName('../../etc/passwd'), '_.._etc_passwd');
  assert.equal(tidyFileName('photo\u202egpj.exe'), 'photogpj.exe');
  assert.equal(tidyFileName('C:\\con\n.txt'), 'C__con.txt');
  assert.equal(tidyFileName('...'), 'file');
});

test('a long file name keeps its ending', () => {
  const name = tidyFileName(`${'n'.repeat(500)}.tar`);
  assert.equal([...name].length, kMaxFileNameLength);
  assert.ok(name.endsWith('n.tar'));
});

test('a word of a lane with an amount that cannot be is nothing', () => {
  assert.deepEqual(readLaneWord('{"type":"got","bytes":5}'), { type: 'got', bytes: 5 });
  for (const bytes of [-1, 0.5, '5', kMaxFileBytes + 1, null]) {
    assert.equal(readLaneWord(JSON.stringify({ type: 'got', bytes })), null);
  }
});

test('a part is read as it was written', () => {
  const bytes = new Uint8Array(kPartBytes).fill(7);
  const part = readPart(encodePart({ index: 1525, bytes }).buffer);
  assert.equal(part?.index, 1525);
  assert.deepEqual(part?.bytes, bytes);
});

test('a part without contents, too long, or of text is none', () => {
  const long = new Uint8Array(kPartBytes + 5).buffer;
  for (const data of [new ArrayBuffer(4), long, 'text', null]) assert.equal(readPart(data), null);
});

test('only http and https become links, without what ends the sentence', () => {
  const links = (text: string) => linkedText(text).flatMap(({ href }) => href ?? []);
  assert.deepEqual(links('see https://a.org/x_(y), or http://b.org.'), [
    'https://a.org/x_(y)',
    'http://b.org/',
  ]);
  assert.deepEqual(links('javascript:alert(1) data:text/html,x file:///etc'), []);
});

test('a text with links is whole when it is put together', () => {
  for (const text of ['', 'plain', 'https://a.org', 'a https://a.org b <https://c.org> d']) {
    assert.equal(
      linkedText(text)
        .map((piece) => piece.text)
        .join(''),
      text,
    );
  }
});

test('links in one message are bounded', () => {
  const pieces = linkedText('https://a.org '.repeat(200));
  assert.ok(pieces.length <= 42, String(pieces.length));
});

test('sizes are told in the largest unit that fits', () => {
  const told = [0, 1, 999, 1000, 5_242_880, 999_999, 100_000_000].map(sizeOf);
  assert.deepEqual(told, ['0 bytes', '1 byte', '999 bytes', '1 kB', '5.2 MB', '1 MB', '100 MB']);
});
