// Times of arrival, and the holes in them.

// The longest time without any of `times` that lies at least partly between `from` and `to`.
export function longestGap(times, from, to) {
  let longest = 0;
  for (let i = 1; i < times.length; ++i) {
    if (times[i] < from || times[i - 1] > to) continue;
    longest = Math.max(longest, times[i] - times[i - 1]);
  }
  return Math.round(longest);
}

const sorted = (rows, name) => rows.map((row) => Math.round(row[name])).sort((a, b) => a - b);

export const medianOf = (rows, name) => sorted(rows, name)[rows.length >> 1];
export const worstOf = (rows, name) => sorted(rows, name).at(-1);

export function describe(rows, name) {
  return `${name} median ${medianOf(rows, name)}, worst ${worstOf(rows, name)}`;
}
