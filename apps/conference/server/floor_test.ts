import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Floor } from './floor';
import type { Level } from './speakers';

class Room {
  readonly speakers: string[] = [];
  readonly levels: string[] = [];
  readonly floor = new Floor<string>({
    dominant: (producerId) => this.speakers.push(producerId),
    levels: (levels) =>
      this.levels.push(levels.map(({ producerId, volume }) => `${producerId}${volume}`).join(' ')),
  });

  // A report of a router: { ann: -20 }.
  report(router: string, volumes: Record<string, number>): void {
    const levels: Level[] = Object.entries(volumes).map(([producerId, volume]) => ({
      producerId,
      volume,
    }));
    this.floor.levels(router, levels);
  }
}

// Ann speaks on one router; Bob has spoken on another one before.
function conversation(): Room {
  const room = new Room();
  room.floor.dominant('b', 'bob');
  room.report('b', {});
  room.floor.dominant('a', 'ann');
  room.report('a', { ann: -30 });
  return room;
}

test('on one router its word counts, at once', () => {
  const room = new Room();
  room.floor.dominant('a', 'ann');
  room.floor.dominant('a', 'bob');
  room.report('a', { bob: -20 });
  room.report('a', {});
  assert.deepEqual(room.speakers, ['ann', 'bob']);
  assert.deepEqual(room.levels, ['bob-20', '']);
});

test('who begins while nobody speaks has the floor at once', () => {
  assert.deepEqual(conversation().speakers, ['bob', 'ann']);
});

test('somebody elsewhere has to be clearly louder', () => {
  const room = conversation();
  for (let i = 0; i < 5; ++i) {
    room.report('b', { bob: -25 });
    room.report('a', { ann: -30 });
  }
  assert.deepEqual(room.speakers, ['bob', 'ann']);
});

test('a cough elsewhere does not take the floor', () => {
  const room = conversation();
  room.report('b', { bob: -10 });
  room.report('a', { ann: -30 });
  room.report('b', {});
  room.report('a', { ann: -30 });
  room.report('b', { bob: -10 });
  assert.deepEqual(room.speakers, ['bob', 'ann']);
});

test('who stays clearly louder elsewhere takes it', () => {
  const room = conversation();
  room.report('b', { bob: -10 });
  room.report('b', { bob: -12 });
  assert.deepEqual(room.speakers, ['bob', 'ann', 'bob']);
});

test('who speaks while the last speaker is silent takes it', () => {
  const room = conversation();
  room.report('a', {});
  room.report('b', { bob: -50 });
  assert.deepEqual(room.speakers, ['bob', 'ann', 'bob']);
});

test('only who dominates among his own can have the floor', () => {
  const room = conversation();
  room.report('b', { eve: -5 });
  room.report('b', { eve: -5 });
  assert.deepEqual(room.speakers, ['bob', 'ann']);
});

test('a router that is gone leaves the floor to others', () => {
  const room = conversation();
  room.floor.forget('a');
  room.report('b', { bob: -50 });
  assert.deepEqual(room.speakers, ['bob', 'ann', 'bob']);
});

test('levels of all routers are told together, as often as one router reports', () => {
  const room = new Room();
  room.report('a', { ann: -20 });
  room.report('b', { bob: -10 });
  room.levels.length = 0;
  for (let second = 0; second < 3; ++second) {
    room.report('a', { ann: -20 });
    room.report('b', { bob: -10 });
  }
  assert.deepEqual(room.levels, ['bob-10 ann-20', 'bob-10 ann-20', 'bob-10 ann-20']);
});

test('routers on which nobody speaks are not waited for', () => {
  const room = new Room();
  room.report('b', {});
  room.report('a', { ann: -20 });
  room.report('a', { ann: -21 });
  assert.deepEqual(room.levels, ['', 'ann-20', 'ann-21']);
});

test('the end of the last speech is told', () => {
  const room = conversation();
  room.report('a', {});
  assert.equal(room.levels.pop(), '');
});

test('only so many are told', () => {
  const room = new Room();
  const volumes = (name: string) =>
    Object.fromEntries(Array.from({ length: 8 }, (_, i) => [`${name}${i}x`, -i]));
  room.report('a', volumes('a'));
  room.report('b', volumes('b'));
  assert.equal(room.levels.pop()?.split(' ').length, 8);
});
