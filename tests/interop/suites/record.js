// The recorder on a live call of two: is what it writes complete, in step and playable, however it
// ends?

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { beat, inspect, summary } from '../support/beat.js';
import { Recorder } from '../support/recorder.js';
import { FfmpegReceiver, Tool, whyNoFfmpeg, whyNoGStreamer } from '../support/tools.js';
import { until } from '../support/until.js';

const kMetronome = fileURLToPath(new URL('../support/metronome.js', import.meta.url));
const kSeconds = Number(process.env.SLUICE_RECORD_SECONDS ?? 12);
// The goal, of sound against picture, and of what becomes of it in the end. A picture is 33 ms.
const kMostLagMs = 40;
// What is not on the disk yet when the processes die.
const kLostSeconds = 2.5;

const wait = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

class Studio {
  static async open(stage) {
    const studio = new Studio();
    studio.stage = stage;
    studio.folder = await mkdtemp(join(tmpdir(), 'sluice-record-'));
    studio.socket = join(studio.folder, 'control.sock');
    studio.server = await stage.startServer({ options: ['--control-socket', studio.socket] });
    studio.browser = await stage.openBrowser({
      extra: ['--autoplay-policy=no-user-gesture-required'],
    });
    return studio;
  }

  recorder(room, options = [], folder = room) {
    const path = folder === null ? null : join(this.folder, folder);
    return new Recorder(room, { socket: this.socket, folder: path, options });
  }

  // Ada and Bo, who see and hear each other.
  call(topic, params, play) {
    const { server, browser } = this;
    const room = this.stage.freshRoom(topic);
    const setup = { room, script: kMetronome, ...params };
    return this.stage.withPeople(
      ['Ada', 'Bo'],
      setup,
      async (ada, bo) => {
        await Promise.all([ada.receives('Bo'), bo.receives('Ada')]);
        await play({ room, ada, bo });
      },
      { server, browser },
    );
  }
}

// A file in which sound and picture begin together, go on without a hole and stay in step.
function judge(path, { codec, seconds, complete = true, container }) {
  const found = inspect(path);
  const story = JSON.stringify(found);
  const video = found.tracks.find(({ kind }) => kind === 'video');
  const audio = found.tracks.find(({ kind }) => kind === 'audio');
  assert.ok(video && audio, story);
  assert.equal(video.codec, codec);
  assert.equal(audio.codec, 'opus');
  assert.match(found.format, container);
  assert.deepEqual(found.complaints, [], 'it decodes without a complaint');
  assert.ok(video.beginsWithKeyFrame, story);
  assert.ok(video.end >= seconds && audio.end >= seconds, `${seconds} s: ${story}`);
  assert.ok(Math.max(video.start, audio.start) < 0.1, story);
  assert.ok(audio.longestGap < 0.1, story);
  if (complete) assert.ok(Math.abs(found.duration - video.end) < 1.5, story);
  const figures = summary(beat(path));
  console.log(
    `record: ${codec}, ${video.end.toFixed(1)} s: sound ${figures.lagMs} ms after the picture,` +
      ` drift ${figures.driftMs} ms, worst ${figures.worstMs} ms, ${figures.beats} beats`,
  );
  assert.ok(figures.beats >= seconds - 3, JSON.stringify(figures));
  assert.ok(Math.abs(figures.lagMs) < kMostLagMs, JSON.stringify(figures));
  assert.ok(Math.abs(figures.driftMs) < kMostLagMs, JSON.stringify(figures));
}

async function wholeRoom(studio) {
  let recorder;
  let before;
  await studio.call('record', {}, async ({ room }) => {
    assert.equal(statSync(studio.socket).mode & 0o777, 0o600, 'nobody else can ask for it');
    recorder = studio.recorder(room, ['--grace', '0']);
    await recorder.recording(['Ada', 'Bo']);
    before = Date.now();
    await wait(kSeconds);
  });
  // They have left, and so the command ends.
  assert.equal(await recorder.ended, 0, recorder.errors);
  const seconds = kSeconds - 1;
  assert.ok(Date.now() - before < (kSeconds + 10) * 1000);
  const { files } = recorder.manifest;
  assert.deepEqual(files.map(({ participant, part }) => [participant, part]).sort(), [
    ['Ada', 1],
    ['Bo', 1],
  ]);
  assert.equal(Math.min(...files.map(({ startOffsetMs }) => startOffsetMs)), 0);
  for (const file of files) {
    assert.equal(file.packetsLost, 0);
    judge(recorder.path(file), { codec: 'vp8', seconds, container: /webm/ });
  }
}

async function killed(studio, { params, codec, container }) {
  await studio.call(`killed-${codec}`, params, async ({ room }) => {
    const recorder = studio.recorder(room, ['--participant', 'Ada']);
    await recorder.recording(['Ada']);
    await wait(kSeconds);
    await recorder.kill();
    const { files } = recorder.manifest;
    assert.equal(files.length, 1);
    const seconds = kSeconds - kLostSeconds;
    judge(recorder.path(files[0]), { codec, seconds, complete: false, container });
  });
}

// Muted and unmuted, camera off and on again: it all is in one file, which is in step at its end.
async function interrupted(studio) {
  await studio.call('pauses', {}, async ({ room, ada, bo }) => {
    const recorder = studio.recorder(room, ['--participant', 'Ada']);
    await recorder.recording(['Ada']);
    await wait(4);
    await ada.press(/^Mute/);
    await wait(3);
    await ada.press(/^Unmute/);
    await wait(2);
    await ada.press(/^Turn camera off/);
    await wait(3);
    await ada.press(/^Turn camera on/);
    await bo.until('sees Ada again', async () => !(await bo.peerState('Ada')).cameraOff);
    await wait(6);
    assert.equal(await recorder.interrupt(), 0, recorder.errors);
    const { files } = recorder.manifest;
    assert.equal(files.length, 1, JSON.stringify(files));
    const path = recorder.path(files[0]);
    const { tracks, complaints } = inspect(path);
    assert.deepEqual(complaints, []);
    const [video, audio] = ['video', 'audio'].map((of) => tracks.find(({ kind }) => kind === of));
    assert.ok(video.longestGap > 2 && video.longestGap < 6, `camera: ${video.longestGap} s`);
    assert.ok(audio.longestGap < 0.1, `silence is sent: ${audio.longestGap} s`);
    const beats = beat(path);
    const last = beats.filter(({ at }) => at > video.end - 4.5);
    assert.ok(beats.length > 7 && last.length > 2, JSON.stringify(beats));
    for (const part of [beats, last]) {
      assert.ok(Math.abs(summary(part).lagMs) < kMostLagMs, JSON.stringify(beats));
    }
  });
}

async function transcoded(studio) {
  await studio.call('mp4', {}, async ({ room }) => {
    const options = ['--participant', 'Bo', '--format', 'mp4', '--transcode', '320x240'];
    const recorder = studio.recorder(room, [...options, '--seconds', '10']);
    assert.equal(await recorder.ended, 0, recorder.errors);
    const { files } = recorder.manifest;
    const { tracks, complaints } = inspect(recorder.path(files[0]));
    assert.deepEqual(complaints, []);
    const video = tracks.find(({ kind }) => kind === 'video');
    assert.deepEqual([video.codec, video.width, video.height], ['h264', 320, 240]);
  });
}

// What goes wrong is said in a sentence, and with a status.
async function failures(studio) {
  const nobody = studio.recorder('empty', []);
  assert.equal(await nobody.ended, 3);
  assert.match(nobody.errors, /there is nobody in room "empty"/);
  const wrong = studio.recorder('empty', ['--layer', 'top']);
  assert.equal(await wrong.ended, 2);
  assert.match(wrong.errors, /--layer/);
  await studio.call('failures', {}, async ({ room }) => {
    const missing = studio.recorder(room, ['--ffmpeg', '/nowhere/ffmpeg']);
    assert.equal(await missing.ended, 1);
    assert.match(missing.errors, /FFmpeg was not found as "\/nowhere\/ffmpeg"/);
    const broken = studio.recorder(room, ['--participant', 'Ada']);
    await broken.recording(['Ada']);
    for (const pid of broken.tools) process.kill(pid, 'SIGKILL');
    await broken.said(/broke off/);
    // It goes on in another file, and does not forget.
    await broken.said(/recording Ada to .*-2\.webm/, { within: 20_000 });
    assert.equal(await broken.interrupt(), 1);
    assert.match(broken.errors, /the recording of Ada failed: FFmpeg was ended by SIGKILL/);
  });
}

// A file system of a few pictures.
async function diskFull(studio) {
  await studio.call('full', {}, async ({ room }) => {
    const folder = join(studio.folder, room);
    mkdirSync(folder);
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder]);
    assert.equal(mounted.status, 0, String(mounted.stderr));
    try {
      const recorder = studio.recorder(room, []);
      assert.equal(await recorder.ended, 1, recorder.out);
      assert.match(recorder.errors, /the disk is full/);
      assert.ok(readdirSync(folder).length > 0);
    } finally {
      spawnSync('umount', ['-l', folder]);
    }
  });
}

// Another tool takes the place of FFmpeg: first FFmpeg all the same, then GStreamer.
async function handedOver(studio, tool) {
  await studio.call(`tool-${tool}`, {}, async ({ room }) => {
    const sdp = join(studio.folder, `${tool}.sdp`);
    const options = ['--participant', 'Ada', '--sdp', sdp, '--to', '127.0.0.1:17504'];
    const recorder = studio.recorder(room, options, null);
    await recorder.said(/handing Ada over/, { within: 20_000 });
    await (tool === 'ffmpeg' ? ffmpegTakes(sdp) : gstreamerTakes(sdp));
    assert.equal(await recorder.interrupt(), 0, recorder.errors);
  });
}

async function ffmpegTakes(sdp) {
  const receiver = new FfmpegReceiver(readFileSync(sdp));
  try {
    const seen = async () => [receiver.frames, receiver.microseconds, receiver.tool.errors];
    await until('ffmpeg decodes', () => receiver.frames > 60, { within: 20_000, seen });
    assert.deepEqual(receiver.tool.errors, []);
  } finally {
    await receiver.tool.stop();
  }
}

// It ends by itself, with success, after so many pictures and so much sound.
async function gstreamerTakes(sdp) {
  const tool = new Tool('gst-launch-1.0', [
    ...['-q', 'filesrc', `location=${sdp}`, '!', 'sdpdemux', 'name=d'],
    ...['d.', '!', 'rtpvp8depay', '!', 'vp8dec', '!', 'identity', 'eos-after=60', '!', 'fakesink'],
    ...[
      'd.',
      '!',
      'rtpopusdepay',
      '!',
      'opusdec',
      '!',
      'identity',
      'eos-after=100',
      '!',
      'fakesink',
    ],
  ]);
  let code;
  tool.ended.then((ended) => (code = ended));
  try {
    const seen = async () => tool.errors;
    await until('gstreamer decodes', () => code !== undefined, { within: 25_000, seen });
    assert.equal(code, 0, tool.errors.join(' | '));
  } finally {
    await tool.stop();
  }
}

export async function record(t, stage) {
  const skip = whyNoFfmpeg();
  if (skip) return void (await t.test('a call is recorded', { skip }, () => {}));
  const studio = await Studio.open(stage);
  try {
    await t.test('a whole room, until they leave', () => wholeRoom(studio));
    const killings = [
      { params: {}, codec: 'vp8', container: /webm/ },
      { params: { codec: 'H264' }, codec: 'h264', container: /mp4/ },
      { params: { codec: 'VP9', layers: 'none' }, codec: 'vp9', container: /webm/ },
    ];
    for (const killing of killings) {
      await t.test(`${killing.codec}, and what is left after SIGKILL`, () =>
        killed(studio, killing),
      );
    }
    await t.test('muted, camera off and on', () => interrupted(studio));
    await t.test('encoded anew for the container', () => transcoded(studio));
    await t.test('what goes wrong is said', () => failures(studio));
    const root = process.getuid() === 0 ? false : 'only root makes small file systems';
    await t.test('the disk is full', { skip: root }, () => diskFull(studio));
    await t.test('handed over to FFmpeg', () => handedOver(studio, 'ffmpeg'));
    await t.test('handed over to GStreamer', { skip: whyNoGStreamer() }, () =>
      handedOver(studio, 'gstreamer'),
    );
  } finally {
    await rm(studio.folder, { recursive: true, force: true });
  }
}
