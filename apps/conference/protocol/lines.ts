// Text that comes in pieces, as whole lines.

import { StringDecoder } from 'node:string_decoder';

export class LineReader {
  private readonly decoder = new StringDecoder('utf8');
  private rest = '';

  // `longest` in UTF-16 units.
  constructor(private readonly longest: number) {}

  // The lines that are complete with these bytes; null if one is too long, which ends the reader.
  read(bytes: Buffer): string[] | null {
    const lines = (this.rest + this.decoder.write(bytes)).split('\n');
    this.rest = lines.pop() ?? '';
    if (this.rest.length > this.longest || lines.some(({ length }) => length > this.longest)) {
      return null;
    }
    return lines.filter((line) => line !== '');
  }
}
