import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';

import { FakeClock, settle } from '../testing/fake_clock';
import { Conversation, kMostEntries } from './conversation';
import { kMostOffers, kMostTransfers } from './files';
import type { LocalFile } from './files';
import type { InLane } from './lane';
import { kStallMs, kWindowBytes } from './upload';
import { encodePart, kMaxFileBytes, kPartBytes } from './words';

// Two pages or more with nothing between them but this.
class Network {
  readonly clock = new FakeClock();
  readonly pages = new Map<string, Page>();
  // Of each lane, what was sent and has not arrived.
  readonly underWay: (() => void)[] = [];
  held = false;
  mostUnderWay = 0;
  // Changes what arrives.
  meddle: (data: unknown) => unknown = (data) => data;
  nextId = 0;

  page(id: string): Page {
    const page = new Page(id, this);
    this.pages.set(id, page);
    return page;
  }

  async run(): Promise<void> {
    for (let turn = 0; turn < 4000; ++turn) {
      await settle();
      if (this.underWay.length === 0 && turn > 20) return;
      if (!this.held) this.underWay.shift()?.();
    }
    throw new Error('the network does not come to rest');
  }
}

class Page {
  readonly talk: Conversation;
  connected = true;
  readonly unread: number[] = [];
  readonly lanes = new Set<{ close(): void }>();

  constructor(
    readonly id: string,
    private readonly network: Network,
  ) {
    this.talk = new Conversation({
      openLane: (peerId, topic) => this.openLane(peerId, topic),
      sha256: async (content) =>
        createHash('sha256')
          .update(Buffer.from(await content.arrayBuffer()))
          .digest('hex'),
      tellAll: (word) => {
        if (!this.connected) return false;
        for (const other of network.pages.values()) {
          if (other !== this) other.talk.heard(this.id, this.id, JSON.stringify(word));
        }
        return true;
      },
      inventId: () => (++network.nextId).toString(16).padStart(32, '0'),
      timing: network.clock,
      wallClock: () => 0,
      listener: {
        added: () => {},
        removed: () => {},
        fileChanged: () => {},
        unreadChanged: (unread) => this.unread.push(unread),
      },
    });
  }

  get lastFile() {
    const file = this.talk.entries.filter((entry) => entry.file).pop()?.file;
    if (!file) throw new Error('no file was offered');
    return file;
  }

  private async openLane(peerId: string, topic: string) {
    const { network } = this;
    const far: InLane | null =
      network.pages.get(peerId)?.talk.files.laneOffered(this.id, topic) ?? null;
    let open = true;
    let buffered = 0;
    network.underWay.push(() => far?.ready());
    const lane = {
      get bufferedAmount() {
        return buffered;
      },
      send: (message: string | Uint8Array<ArrayBuffer>) => {
        if (!open) return false;
        const data = typeof message === 'string' ? message : message.slice().buffer;
        buffered = 0;
        if (typeof message !== 'string') {
          network.mostUnderWay = Math.max(network.mostUnderWay, network.underWay.length);
        }
        network.underWay.push(() => far?.message(network.meddle(data)));
        return true;
      },
      onLow: () => {},
      close: () => {
        if (!open) return;
        open = false;
        this.lanes.delete(lane);
        network.underWay.push(() => far?.closed());
      },
    };
    this.lanes.add(lane);
    return lane;
  }
}

function fileOf(size: number, name = 'a.bin'): LocalFile {
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size; ++at) bytes[at] = (at * 31) % 251;
  return Object.assign(new Blob([bytes]), { name });
}

async function offered(size: number) {
  const network = new Network();
  const [ann, bob] = [network.page('ann'), network.page('bob')];
  const source = fileOf(size);
  await ann.talk.share('Ann', source);
  return { network, ann, bob, source };
}

async function bytesOf(blob: { arrayBuffer(): Promise<ArrayBuffer> } | null) {
  return blob && Buffer.from(await blob.arrayBuffer());
}

for (const size of [0, 1, kPartBytes, kPartBytes + 1, 66 * kPartBytes + 17]) {
  test(`a file of ${size} bytes arrives as it was`, async () => {
    const { network, ann, bob, source } = await offered(size);
    assert.equal(bob.talk.files.accept(bob.lastFile.key), null);
    await network.run();
    assert.equal(bob.lastFile.phase, 'complete', bob.lastFile.note);
    const [came, sent] = [await bytesOf(bob.lastFile.content), await bytesOf(source)];
    assert.ok(came?.equals(sent!));
    assert.equal(ann.lastFile.note, '1 received it.');
    assert.equal(ann.lanes.size + bob.lanes.size, 0, 'no lane is left open');
  });
}

test('nothing is sent before somebody accepts', async () => {
  const { network, ann, bob } = await offered(10);
  await network.run();
  assert.equal(ann.lanes.size + bob.lanes.size, 0);
  assert.equal(bob.lastFile.phase, 'offered');
});

test('no more than a window is under way', async () => {
  const { network, bob } = await offered(60 * kPartBytes);
  bob.talk.files.accept(bob.lastFile.key);
  await network.run();
  assert.ok(network.mostUnderWay <= kWindowBytes / kPartBytes, String(network.mostUnderWay));
});

for (const [name, change] of Object.entries({
  'another byte': (data: ArrayBuffer) => new Uint8Array(data).fill(9, 10, 11).buffer,
  'a shorter part': (data: ArrayBuffer) => data.slice(0, 20),
  'a longer part': () => encodePart({ index: 0, bytes: new Uint8Array(kPartBytes) }).buffer,
  'another index': (data: ArrayBuffer) =>
    encodePart({ index: 5, bytes: new Uint8Array(data, 4) }).buffer,
  text: () => '{"type":"go"}',
})) {
  test(`${name} is found, and nothing is kept`, async () => {
    const { network, ann, bob } = await offered(100);
    network.meddle = (data) => (data instanceof ArrayBuffer ? change(data) : data);
    bob.talk.files.accept(bob.lastFile.key);
    await network.run();
    assert.equal(bob.lastFile.phase, 'failed');
    assert.equal(bob.lastFile.content, null);
    assert.match(bob.lastFile.note, /not what was offered/);
    assert.equal(ann.lastFile.note, 'It did not arrive unchanged.');
  });
}

test('a part that is lost on the way is noticed by the next', async () => {
  const { network, bob } = await offered(4 * kPartBytes);
  let parts = 0;
  network.meddle = (data) => (data instanceof ArrayBuffer && ++parts === 2 ? 'lost' : data);
  bob.talk.files.accept(bob.lastFile.key);
  await network.run();
  assert.equal(bob.lastFile.phase, 'failed');
});

test('the receiver stops, and may accept again', async () => {
  const { network, ann, bob } = await offered(9 * kPartBytes);
  network.held = true;
  bob.talk.files.accept(bob.lastFile.key);
  await settle();
  bob.talk.files.cancel(bob.lastFile.key);
  network.held = false;
  await network.run();
  assert.equal(bob.lastFile.phase, 'offered');
  assert.equal(ann.lanes.size + bob.lanes.size, 0);
  bob.talk.files.accept(bob.lastFile.key);
  await network.run();
  assert.equal(bob.lastFile.phase, 'complete');
});

test('the sender withdraws while it is under way', async () => {
  const { network, ann, bob } = await offered(9 * kPartBytes);
  bob.talk.files.accept(bob.lastFile.key);
  for (let i = 0; i < 4; ++i) {
    await settle();
    network.underWay.shift()?.();
  }
  ann.talk.files.cancel(ann.lastFile.key);
  await network.run();
  assert.deepEqual([bob.lastFile.phase, bob.lastFile.note], ['gone', 'It was withdrawn.']);
  assert.equal(ann.lanes.size + bob.lanes.size, 0);
});

test('a sender who leaves midway is told by name', async () => {
  const { network, bob } = await offered(9 * kPartBytes);
  network.held = true;
  bob.talk.files.accept(bob.lastFile.key);
  await settle();
  bob.talk.peerLeft('ann', 'Ann');
  assert.equal(bob.lastFile.phase, 'gone');
  assert.equal(bob.lastFile.note, 'Ann left before it was complete.');
});

test('a transfer that stands still ends on both sides', async () => {
  const { network, ann, bob } = await offered(9 * kPartBytes);
  bob.talk.files.accept(bob.lastFile.key);
  for (let i = 0; i < 4; ++i) {
    await settle();
    network.underWay.shift()?.();
  }
  network.underWay.length = 0;
  await network.clock.advance(kStallMs);
  assert.match(bob.lastFile.note, /half a minute/);
  assert.match(ann.lastFile.note, /half a minute/);
});

test('what was complete stays when its sender leaves', async () => {
  const { network, bob } = await offered(100);
  bob.talk.files.accept(bob.lastFile.key);
  await network.run();
  bob.talk.peerLeft('ann', 'Ann');
  assert.equal(bob.lastFile.phase, 'complete');
});

test('several receive one file, each their own copy', async () => {
  const network = new Network();
  const [ann, bob, cleo] = ['ann', 'bob', 'cleo'].map((id) => network.page(id)) as [
    Page,
    Page,
    Page,
  ];
  await ann.talk.share('Ann', fileOf(3 * kPartBytes));
  for (const one of [bob, cleo]) one.talk.files.accept(one.lastFile.key);
  await network.run();
  assert.deepEqual([bob.lastFile.phase, cleo.lastFile.phase], ['complete', 'complete']);
  assert.equal(ann.lastFile.note, '2 received it.');
});

test('more files than may move at a time wait for their turn, and all arrive', async () => {
  const network = new Network();
  const [ann, bob] = [network.page('ann'), network.page('bob')];
  for (let i = 0; i < kMostTransfers + 2; ++i) await ann.talk.share('Ann', fileOf(1000 + i));
  const files = bob.talk.entries.map(({ file }) => file!);
  for (const file of files) bob.talk.files.accept(file.key);
  assert.equal(files.filter(({ note }) => note === 'Waiting for its turn.').length, 2);
  await network.run();
  assert.ok(files.every(({ phase }) => phase === 'complete'));
});

test('a file that is too large is refused in a sentence', async () => {
  const network = new Network();
  const source = { ...fileOf(1), name: 'film.mkv', size: kMaxFileBytes + 1 } as LocalFile;
  await assert.rejects(
    network.page('ann').talk.share('Ann', source),
    /film.mkv has 100 MB; 100 MB/,
  );
});

test('a folder is refused in a sentence', async () => {
  const arrayBuffer = () => Promise.reject(new Error('NotFoundError'));
  const source = { name: 'folder', size: 4096, arrayBuffer, slice: () => ({ arrayBuffer }) };
  const { talk } = new Network().page('ann');
  await assert.rejects(talk.share('Ann', source), /cannot be read/);
});

test('offers of one person are bounded and counted', async () => {
  const network = new Network();
  const bob = network.page('bob');
  for (let i = 0; i < kMostOffers + 3; ++i) {
    const id = i.toString(16).padStart(32, '0');
    const word = { type: 'file', id, name: 'a', size: 1, sha256: id + id };
    await network.clock.advance(1000);
    bob.talk.heard('ann', 'Ann', JSON.stringify(word));
  }
  assert.equal(bob.talk.entries.length, kMostOffers);
  assert.equal(bob.talk.files.refused, 3);
});

test('a lane that nobody asked for is refused and counted', () => {
  const bob = new Network().page('bob');
  assert.equal(bob.talk.files.laneOffered('ann', 'ab'), null);
  assert.equal(bob.talk.files.refused, 1);
});

test('a receiver that claims more than was sent is cut off', async () => {
  const { network, ann } = await offered(9 * kPartBytes);
  const lane = ann.talk.files.laneOffered('bob', ann.lastFile.key)!;
  lane.ready();
  await settle();
  lane.message('{"type":"go"}');
  await settle();
  lane.message(JSON.stringify({ type: 'got', bytes: 9 * kPartBytes }));
  assert.equal(ann.lastFile.note, 'The last one stopped it.');
  assert.equal(ann.lanes.size, 0);
  network.underWay.length = 0;
});

test('a second lane for the same file of the same person is refused', async () => {
  const { ann } = await offered(9 * kPartBytes);
  assert.ok(ann.talk.files.laneOffered('bob', ann.lastFile.key));
  assert.equal(ann.talk.files.laneOffered('bob', ann.lastFile.key), null);
});

test('what is said reaches the others as unread until they look', async () => {
  const network = new Network();
  const [ann, bob] = [network.page('ann'), network.page('bob')];
  assert.ok(ann.talk.say('Ann', 'hello'));
  ann.talk.say('Ann', 'again');
  assert.deepEqual(bob.unread, [1, 2]);
  bob.talk.setOpen(true);
  ann.talk.say('Ann', 'seen');
  assert.deepEqual(bob.unread, [1, 2, 0]);
  assert.deepEqual(ann.unread, [], 'what one says oneself is not unread');
});

test('nothing is shown as said that was not sent', () => {
  const ann = new Network().page('ann');
  ann.connected = false;
  assert.equal(ann.talk.say('Ann', 'hello'), false);
  assert.equal(ann.talk.entries.length, 0);
});

test('a flood is cut and counted, and ends with its flooder', async () => {
  const network = new Network();
  const bob = network.page('bob');
  for (let i = 0; i < 1000; ++i) bob.talk.heard('ann', 'Ann', '{"type":"say","text":"spam"}');
  assert.equal(bob.talk.entries.length, 20);
  assert.equal(bob.talk.leftOut, 980);
  bob.talk.heard('cleo', 'Cleo', '{"type":"say","text":"hi"}');
  assert.equal(bob.talk.entries.length, 21, 'others are still heard');
  await network.clock.advance(1000);
  bob.talk.heard('ann', 'Ann', '{"type":"say","text":"calm"}');
  assert.equal(bob.talk.entries.length, 22);
});

test('nonsense is counted and shows nothing', () => {
  const bob = new Network().page('bob');
  for (const data of ['{', '{"type":"say"}', new ArrayBuffer(9)])
    bob.talk.heard('ann', 'Ann', data);
  assert.deepEqual([bob.talk.malformed, bob.talk.entries.length], [3, 0]);
});

test('old entries go when there are too many', () => {
  const ann = new Network().page('ann');
  for (let i = 0; i <= kMostEntries; ++i) ann.talk.say('Ann', `line ${i}`);
  assert.equal(ann.talk.entries.length, kMostEntries);
  assert.equal(ann.talk.entries[0]?.text, 'line 1');
});

test('a lost connection ends transfers and offers, and keeps what was said', async () => {
  const { network, ann, bob } = await offered(9 * kPartBytes);
  network.held = true;
  bob.talk.files.accept(bob.lastFile.key);
  await settle();
  for (const page of [ann, bob]) page.talk.reset();
  assert.deepEqual([bob.lastFile.phase, ann.lastFile.phase], ['gone', 'gone']);
  assert.equal(bob.talk.entries.length, 1);
});

test('a sender opens no lane before it hears the receiver, whose first word would be lost', async () => {
  const { ann } = await offered(100);
  const lane = ann.talk.files.laneOffered('bob', ann.lastFile.key)!;
  await settle();
  assert.equal(ann.lanes.size, 0);
  lane.ready();
  await settle();
  assert.equal(ann.lanes.size, 1);
});

test('a receiver who is faster than the answer to our lane is not forgotten', async () => {
  const { network, ann } = await offered(100);
  const lane = ann.talk.files.laneOffered('bob', ann.lastFile.key)!;
  lane.ready();
  lane.message('{"type":"go"}');
  await settle();
  assert.equal(network.mostUnderWay > 0, true, 'the part is sent');
});
