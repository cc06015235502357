import assert from 'node:assert/strict';
import { test } from 'node:test';

import { OwnMedia } from './own_media';

class Track extends EventTarget {
  contentHint = '';
  stopped = false;

  constructor(readonly kind: 'audio' | 'video') {
    super();
  }

  getSettings(): MediaTrackSettings {
    return {};
  }

  stop(): void {
    this.stopped = true;
  }
}

// A browser whose question to the person is answered when the test says so.
function stage() {
  const tracks: Track[] = [];
  const questions: (() => void)[] = [];
  const mediaDevices = {
    getUserMedia: (wanted: MediaStreamConstraints) =>
      new Promise((resolve) => {
        const picture = wanted.video ? [new Track('video')] : [];
        const sound = wanted.audio ? [new Track('audio')] : [];
        tracks.push(...picture, ...sound);
        const stream = { getVideoTracks: () => picture, getAudioTracks: () => sound };
        questions.push(() => resolve(stream));
      }),
    enumerateDevices: async () => [],
  };
  class AudioContext {
    createMediaStreamSource = () => ({ connect() {}, disconnect() {} });
    createAnalyser = () => ({ fftSize: 0, connect() {}, disconnect() {} });
    resume = async () => {};
    close = async () => {};
  }
  class MediaStream {}
  const globals = { navigator: { mediaDevices }, AudioContext, MediaStream };
  for (const [name, value] of Object.entries(globals)) {
    Object.defineProperty(globalThis, name, { value, configurable: true });
  }
  const failed: string[] = [];
  const own = new OwnMedia(true, true, {
    changed() {},
    devicesChanged() {},
    failed: (text) => failed.push(text),
    panelToggled() {},
  });
  const answer = async (pending: Promise<unknown>) => {
    questions.shift()?.();
    await pending;
  };
  const fail = () => {
    mediaDevices.getUserMedia = () => Promise.reject(new DOMException('busy', 'NotReadableError'));
  };
  return { own, answer, fail, tracks, questions, failed };
}

test('what is opened is on', async () => {
  const { own, answer, tracks } = stage();
  await answer(own.open());
  assert.ok(own.camera && own.microphoneOn);
  assert.deepEqual(
    tracks.map(({ stopped }) => stopped),
    [false, false],
  );
});

test('a device that opens after it was refused is closed again', async () => {
  const { own, answer, tracks } = stage();
  const opening = own.open();
  own.refuse('camera', 'no picture');
  own.refuse('microphone', 'no sound');
  await answer(opening);
  assert.deepEqual([own.camera, own.microphoneOn], [null, false]);
  assert.deepEqual(
    tracks.map(({ stopped }) => stopped),
    [true, true],
  );
});

test('an open device goes dark when it is refused, and may be opened when it is allowed', async () => {
  const { own, answer, tracks, questions, failed } = stage();
  await answer(own.open());
  own.refuse('camera', 'no picture');
  own.refuse('microphone', 'no sound');
  assert.ok(tracks.every(({ stopped }) => stopped));
  await own.toggleMicrophone();
  await own.toggleCamera();
  assert.deepEqual([questions.length, failed], [0, ['no sound', 'no picture']]);
  own.allow('microphone');
  await answer(own.toggleMicrophone());
  assert.ok(own.microphoneOn && !own.camera);
});

test('a camera that was picked just before it was refused stays closed', async () => {
  const { own, answer, tracks } = stage();
  await answer(own.open());
  const picking = own.pick('camera', 'other');
  own.refuse('camera', 'no picture');
  await answer(picking);
  assert.equal(own.camera, null);
  assert.ok(tracks.filter(({ kind }) => kind === 'video').every(({ stopped }) => stopped));
});

test('a camera that does not open leaves the one before it on', async () => {
  const { own, answer, fail, tracks, failed } = stage();
  await answer(own.open());
  fail();
  await own.pick('camera', 'other');
  assert.equal(failed.length, 1);
  assert.ok(own.camera && own.microphoneOn && tracks.every(({ stopped }) => !stopped));
});
