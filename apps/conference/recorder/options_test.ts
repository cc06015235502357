import assert from 'node:assert/strict';
import { test } from 'node:test';

import { calledAs } from '../server/called_as';
import { containerFor, mustTranscode, outputArguments } from './containers';
import { parseRecorderOptions, recorderUsage } from './options';

function optionsOf(...args: string[]) {
  const parsed = parseRecorderOptions(args, { XDG_STATE_HOME: '/state' });
  if (parsed.kind !== 'run') throw new Error(JSON.stringify(parsed));
  return parsed.options;
}

test('the socket is where the server with that port has it', () => {
  assert.equal(optionsOf('blue').controlSocket, '/state/sluice/control-3000.sock');
  assert.equal(
    optionsOf('blue', '--port', '3001').controlSocket,
    '/state/sluice/control-3001.sock',
  );
  assert.equal(optionsOf('blue', '--control-socket', '/x.sock').controlSocket, '/x.sock');
});

test('a wrong option is named', () => {
  const wrong: [string[], RegExp][] = [
    [[], /ROOM/],
    [['blue', 'green'], /One ROOM/],
    [['blue', '--layer', 'top'], /--layer/],
    [['blue', '--format', 'avi'], /--format/],
    [['blue', '--transcode', '641x360'], /--transcode/],
    [['blue', '--grace', '-1'], /--grace/],
    [['blue', '--to', '127.0.0.1:5004'], /--to/],
    [['blue', '--sdp', 'x', '--to', 'example.org:5004'], /--to/],
    [['blue', '--sdp', 'x', '--format', 'mp4'], /--format/],
    [['blue', '--unknown'], /--unknown/],
  ];
  for (const [args, pattern] of wrong) {
    const parsed = parseRecorderOptions(args, {});
    assert.match(parsed.kind === 'wrong' ? parsed.message : parsed.kind, pattern);
  }
});

test('a tool may listen at an address of either family', () => {
  const { sdp } = optionsOf('blue', '--sdp', '/x.sdp', '--to', '[::1]:6000');
  assert.deepEqual(sdp, { path: '/x.sdp', host: '::1', port: 6000 });
});

const track = (mimeType: string) => ({
  ...{ kind: mimeType.startsWith('audio') ? ('audio' as const) : ('video' as const), mimeType },
  ...{ payloadType: 1, clockRate: 90_000 },
});

test('without a choice the container is one that holds the codec', () => {
  for (const mimeType of ['video/VP8', 'video/VP9', 'video/H264', 'audio/opus']) {
    const tracks = [track(mimeType), track('audio/opus')];
    assert.equal(mustTranscode(containerFor('auto', tracks), tracks), false, mimeType);
  }
});

test('only what the container cannot hold is encoded anew', () => {
  const args = (format: 'webm' | 'mp4', mimeType: string) =>
    outputArguments({ format, transcode: null }, [track(mimeType)], 1, 'x').join(' ');
  assert.match(args('mp4', 'video/VP8'), /-c:v libx264/);
  assert.match(args('webm', 'video/H264'), /-c:v libvpx/);
  assert.doesNotMatch(args('mp4', 'video/VP9'), /-c:v/);
  assert.doesNotMatch(args('webm', 'video/VP8'), /-c:v/);
});

test('the help names the command that was used', () => {
  const installed = calledAs('record', { SLUICE_CALLED_AS: 'sluice-conference record' });
  assert.match(recorderUsage(installed), /^Usage: sluice-conference record ROOM /);
  assert.match(recorderUsage(calledAs('record', {})), /^Usage: npm run record -- ROOM /);
});

test('what is wrong is told in sentences that end once', () => {
  const messageOf = (...args: string[]) => {
    const parsed = parseRecorderOptions(args, { XDG_STATE_HOME: '/state' });
    return parsed.kind === 'wrong' && parsed.message;
  };
  assert.equal(messageOf(), 'Which ROOM? See --help.');
  assert.match(String(messageOf('blue', '--grace', 'x')), /not "x"\. See --help\.$/);
});
