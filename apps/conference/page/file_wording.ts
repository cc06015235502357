// How transfers ended and how large files are, for people.

import type { DownloadEnd } from './download';
import type { UploadEnd } from './upload';

export function explainDownload(end: DownloadEnd): string {
  switch (end) {
    case 'withdrawn':
      return 'The sender stopped.';
    case 'damaged':
      return 'What came is not what was offered. Nothing was kept.';
    case 'stalled':
      return 'Nothing came for half a minute.';
    case 'left':
      return 'The sender left before it was complete.';
    case 'refused':
      return 'It could not be fetched. Try again in a moment.';
    default:
      return '';
  }
}

export function explainUpload(end: UploadEnd): string {
  switch (end) {
    case 'refused':
      return 'The last one stopped it.';
    case 'damaged':
      return 'It did not arrive unchanged.';
    case 'stalled':
      return 'The last one did not answer for half a minute.';
    case 'left':
      return 'The last one left before it was complete.';
    case 'unreadable':
      return 'The file cannot be read any more.';
    default:
      return '';
  }
}

// In the units of file managers: 1 kB is a thousand bytes.
export function sizeOf(bytes: number): string {
  if (bytes < 1000) return bytes === 1 ? '1 byte' : `${bytes} bytes`;
  const units = ['kB', 'MB', 'GB'];
  let value = bytes / 1000;
  let at = 0;
  while (value >= 999.5 && at < units.length - 1) {
    value /= 1000;
    at += 1;
  }
  return `${value < 10 ? Math.round(value * 10) / 10 : Math.round(value)} ${units[at]}`;
}
