// One line per event on stderr, so that stdout carries only what scripts read.
//
// Text that came from a peer is written as JSON: a name with a line break in it forges no line.

export const kLogLevels = ['debug', 'info', 'warn', 'error', 'none'] as const;
export type LogLevel = (typeof kLogLevels)[number];

export class Log {
  private readonly threshold: number;

  constructor(
    level: LogLevel,
    private readonly write: (line: string) => void = (line) => process.stderr.write(line),
  ) {
    this.threshold = kLogLevels.indexOf(level);
  }

  debug(text: string, facts?: object): void {
    this.emit('debug', text, facts);
  }

  info(text: string, facts?: object): void {
    this.emit('info', text, facts);
  }

  warn(text: string, facts?: object): void {
    this.emit('warn', text, facts);
  }

  error(text: string, facts?: object): void {
    this.emit('error', text, facts);
  }

  private emit(level: LogLevel, text: string, facts?: object): void {
    if (kLogLevels.indexOf(level) < this.threshold) return;
    const tail = facts === undefined ? '' : ` ${JSON.stringify(facts)}`;
    this.write(`${new Date().toISOString()} ${level} ${text}${tail}\n`);
  }
}

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
