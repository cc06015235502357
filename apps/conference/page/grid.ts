// How to lay out n tiles in a given space so that they are as large as they can be.
//
// Tiles may be anything between `narrowest` and 16:9. Wider cells than that would letterbox the
// picture, narrower ones cut too much off its sides.

export interface GridSpec {
  width: number;
  height: number;
  count: number;
  gap: number;
}

export interface GridLayout {
  columns: number;
  rows: number;
  tileWidth: number;
  tileHeight: number;
}

const kWidest = 16 / 9;
const kNarrowestLandscape = 4 / 3;
// On an upright phone faces fill upright tiles well.
const kNarrowestPortrait = 3 / 4;

export function layoutGrid({ width, height, count, gap }: GridSpec): GridLayout {
  const narrowest = height > width ? kNarrowestPortrait : kNarrowestLandscape;
  let best: GridLayout = { columns: 1, rows: Math.max(1, count), tileWidth: 0, tileHeight: 0 };
  for (let columns = 1; columns <= count; ++columns) {
    const rows = Math.ceil(count / columns);
    const cellWidth = (width - gap * (columns - 1)) / columns;
    const cellHeight = (height - gap * (rows - 1)) / rows;
    if (cellWidth <= 0 || cellHeight <= 0) continue;
    const aspect = Math.min(kWidest, Math.max(narrowest, cellWidth / cellHeight));
    const tileWidth = Math.floor(Math.min(cellWidth, cellHeight * aspect));
    const tileHeight = Math.floor(Math.min(cellHeight, tileWidth / aspect));
    // Area decides; of two layouts alike, the one with fewer columns came first and stays.
    if (tileWidth * tileHeight > best.tileWidth * best.tileHeight) {
      best = { columns, rows, tileWidth, tileHeight };
    }
  }
  return best;
}
