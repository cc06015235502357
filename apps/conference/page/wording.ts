// Numbers and reasons of the media server as people read them.

const kLayerReasons: Record<string, string> = {
  none: 'Nothing has changed yet.',
  start: 'The stream has just begun.',
  preferred: 'The tile asked for this size.',
  bandwidthUp: 'Your line carries more again.',
  bandwidthDown: 'Your line carries less.',
  layerVanished: 'The sender stopped the larger picture.',
  layerBack: 'The sender sends the larger picture again.',
  pausedNoBandwidth: 'Paused: your line is too narrow for the smallest picture.',
  resumed: 'Your line has room for the picture again.',
  pressure: 'Your line is congested; smaller for a moment.',
  paused: 'Paused, because nobody looks.',
};

export function layerReason(reason: string | null): string {
  if (!reason) return kLayerReasons['none']!;
  return kLayerReasons[reason] ?? `${sentence(reason)}.`;
}

// "lossBasedDown" -> "Loss based down".
export function sentence(word: string): string {
  const spaced = word.replace(/([a-z0-9])([A-Z])/g, (_, a: string, b: string) => `${a} ${b}`);
  const lower = spaced.replace(/_/g, ' ').toLowerCase();
  return lower.charAt(0).toUpperCase() + lower.slice(1);
}

export function bitrateText(bitsPerSecond: number | null): string {
  if (bitsPerSecond === null) return '–';
  const kilobits = bitsPerSecond / 1000;
  if (kilobits >= 999.5) return `${(kilobits / 1000).toFixed(kilobits < 9995 ? 2 : 1)} Mbit/s`;
  return `${Math.round(kilobits)} kbit/s`;
}

export function millisecondsText(milliseconds: number | null): string {
  if (milliseconds === null) return '–';
  return `${milliseconds < 9.5 ? milliseconds.toFixed(1) : Math.round(milliseconds)} ms`;
}

export function percentText(share: number | null): string {
  if (share === null) return '–';
  const percent = share * 100;
  return `${percent > 0 && percent < 9.95 ? percent.toFixed(1) : Math.round(percent)} %`;
}

export function agoText(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  if (seconds < 2) return 'just now';
  if (seconds < 100) return `${seconds} s ago`;
  return `${Math.round(seconds / 60)} min ago`;
}
