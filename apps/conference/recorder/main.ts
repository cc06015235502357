// Entry point of the recorder: options, one Recording, signals, exit code.

import { calledAs } from '../server/called_as';
import { ControlClient } from './control_client';
import { requireFfmpeg } from './ffmpeg';
import { parseRecorderOptions, recorderUsage } from './options';
import type { RecorderOptions } from './options';
import { Recording } from './recording';

const kStatus = { ended: 0, failed: 1, nobody: 3 } as const;

function complain(line: string): void {
  process.stderr.write(`record: ${line}\n`);
}

async function connect(path: string): Promise<ControlClient> {
  try {
    return await ControlClient.connect(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why =
      code === 'EACCES'
        ? 'it belongs to another user'
        : 'is the server running? --port or --control-socket say which one';
    throw new Error(`no conference server answers at ${path}: ${why}`);
  }
}

async function record(options: RecorderOptions): Promise<number> {
  if (!options.sdp) requireFfmpeg(options.ffmpeg);
  const control = await connect(options.controlSocket);
  const say = (line: string) => void process.stdout.write(`${line}\n`);
  const recording = new Recording(options, control, say, complain);
  // A second signal ends the process the usual way.
  process.once('SIGTERM', () => recording.stop());
  process.once('SIGINT', () => recording.stop());
  const outcome = await recording.run();
  if (outcome === 'nobody') {
    const who = options.participant === null ? 'nobody' : `no "${options.participant}"`;
    complain(`there is ${who} in room "${options.room}"; --wait waits`);
  }
  return kStatus[outcome];
}

async function main(): Promise<number> {
  const parsed = parseRecorderOptions(process.argv.slice(2), process.env);
  if (parsed.kind === 'help') {
    process.stdout.write(recorderUsage(calledAs('record', process.env)));
    return 0;
  }
  if (parsed.kind === 'wrong') {
    complain(parsed.message);
    return 2;
  }
  return record(parsed.options);
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    complain(error instanceof Error ? error.message : String(error));
    process.exit(1);
  },
);
