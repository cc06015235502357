// Numbers as people read them: three digits at the most, and the unit beside.

const kSteps: [number, string][] = [
  [1e9, 'G'],
  [1e6, 'M'],
  [1e3, 'k'],
];

// 0 for nothing at all, two digits for what is small.
function digits(value: number): string {
  if (value === 0) return '0';
  if (value >= 99.5) return String(Math.round(value));
  return value >= 9.95 ? value.toFixed(1).replace(/\.0$/, '') : String(Number(value.toFixed(2)));
}

export function count(value: number): string {
  if (value < 9999.5) return value >= 99.5 ? String(Math.round(value)) : digits(value);
  const [unit, letter] = kSteps.find(([step]) => value >= step) ?? [1, ''];
  return `${digits(value / unit)} ${letter}`;
}

export function bitRate(value: number): string {
  const [unit, letter] = kSteps.find(([step]) => value >= step * 0.9995) ?? [1, ''];
  return `${digits(value / unit)} ${letter}bit/s`;
}

export function bytes(value: number): string {
  const [unit, letter] = kSteps.find(([step]) => value >= step * 0.9995) ?? [1, ''];
  return `${digits(value / unit)} ${letter}B`;
}

export function percent(share: number | null): string {
  if (share === null) return '–';
  if (share > 0 && share < 0.0005) return '< 0.1 %';
  const value = share * 100;
  return `${value >= 9.95 ? Math.round(value) : Number(value.toFixed(1))} %`;
}

export function duration(us: number | null): string {
  if (us === null) return '–';
  if (us >= 999_500) return `${digits(us / 1e6)} s`;
  if (us >= 999.5) return `${digits(us / 1e3)} ms`;
  return `${Math.round(us)} µs`;
}

export function perSecond(value: number): string {
  return `${count(value)} /s`;
}

export function clockTime(date: number): string {
  return new Date(date).toLocaleTimeString([], { hour12: false });
}
