/**
 * What is wrong with a session description, or cannot be granted. The message names the line or the
 * section, and says why. It is a TypeError as all wrong arguments are.
 */
export class SdpError extends TypeError {
  /** Of the text that was parsed, the first is 1; undefined if no single line is at fault. */
  readonly line: number | undefined;
  /** Of the media section at fault, the first is 0. */
  readonly section: number | undefined;

  constructor(reason: string, { line, section }: { line?: number; section?: number } = {}) {
    const where = [
      ...(line === undefined ? [] : [`line ${line}`]),
      ...(section === undefined ? [] : [`section ${section}`]),
    ];
    super(`SDP${where.length > 0 ? ` ${where.join(', ')}` : ''}: ${reason}`);
    this.name = 'SdpError';
    this.line = line;
    this.section = section;
  }
}

/** What came from elsewhere, fit for a message: printable ASCII, and not much of it. */
export function quoted(text: string): string {
  const short = text.length > 40 ? `${text.slice(0, 40)}...` : text;
  return `'${short.replace(/[^ -~]/g, '?')}'`;
}
