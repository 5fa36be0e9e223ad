import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Page } from 'playwright-core';

const KEPT = path.resolve(__dirname, '../integration/seeing/pictures');
const REPORTS = path.resolve(__dirname, '../../reports/pictures');
const RECORD_VARIABLE = 'SELVAGE_RECORD_PICTURES';
const COMMAND = `${RECORD_VARIABLE}=true npx jest test/integration/seeing/kept-pictures.test.ts`;

/** Share of the picture that may look otherwise: the fonts of machines differ. */
export const TOLERATED = 0.001;

interface Likeness {
  /** Share of the cells that have no counterpart. */
  readonly share: number;
  /** The second picture with those cells marked, as a PNG in base64. */
  readonly marked: string;
}

/** Compares what a tab shows with the kept picture of that name; with the variable set, keeps it. */
export async function expectPicture(tab: Page, name: string): Promise<void> {
  const actual = await tab.screenshot({ caret: 'hide' });
  const file = path.join(KEPT, `${name}.png`);
  if (process.env[RECORD_VARIABLE] === 'true') {
    mkdirSync(KEPT, { recursive: true });
    writeFileSync(file, actual);
    return;
  }
  if (!existsSync(file)) throw new Error(`No picture ${name} is kept. Keep one by: ${COMMAND}`);
  const expected = readFileSync(file);
  const { share, marked } = await likeness(tab, expected, actual);
  if (share <= TOLERATED) return;
  mkdirSync(REPORTS, { recursive: true });
  const parts = { expected, actual, diff: Buffer.from(marked, 'base64') };
  for (const [part, picture] of Object.entries(parts))
    writeFileSync(path.join(REPORTS, `${name}-${part}.png`), picture);
  throw new Error(
    `${(100 * share).toFixed(1)} % of ${name} looks otherwise: see ${REPORTS}/${name}-diff.png, -expected.png and ` +
      `-actual.png. If it should, keep the new pictures by: ${COMMAND}`,
  );
}

/**
 * Compares two pictures by the mean colours of cells of 8 × 8 pixels, in the browser, which reads PNG. A cell has a
 * counterpart if the other picture has a like cell at its place or beside it: letters of another font come a little
 * earlier or later. Colours must be more alike than brightness, which depends on the font.
 */
export async function likeness(tab: Page, first: Buffer, second: Buffer): Promise<Likeness> {
  const page = await tab.context().newPage();
  try {
    const pictures = [first, second].map((picture) => picture.toString('base64'));
    return await page.evaluate<Likeness>(`(${COMPARE})(${JSON.stringify(pictures)})`);
  } finally {
    await page.close();
  }
}

const COMPARE = `async (pictures) => {
  const CELL = 8, COLOUR = 16, BRIGHTNESS = 56;
  const canvases = await Promise.all(pictures.map(async (text) => {
    const bitmap = await createImageBitmap(await (await fetch('data:image/png;base64,' + text)).blob());
    const canvas = Object.assign(document.createElement('canvas'), { width: bitmap.width, height: bitmap.height });
    canvas.getContext('2d').drawImage(bitmap, 0, 0);
    return canvas;
  }));
  const [{ width, height }, marked] = canvases;
  if (marked.width !== width || marked.height !== height) return { share: 1, marked: pictures[1] };
  const [across, down] = [Math.ceil(width / CELL), Math.ceil(height / CELL)];
  const [one, other] = canvases.map((canvas) => {
    const { data } = canvas.getContext('2d').getImageData(0, 0, width, height);
    const cells = Array.from({ length: across * down }, () => [0, 0, 0, 0]);
    for (let at = 0; at < width * height; at++) {
      const cell = cells[Math.floor(at / width / CELL) * across + Math.floor((at % width) / CELL)];
      for (const part of [0, 1, 2]) cell[part] += data[4 * at + part];
      cell[3] += 1;
    }
    return cells.map(([red, green, blue, count]) => {
      const mean = (red + green + blue) / 3;
      return [mean, red - mean, green - mean, blue - mean].map((sum) => sum / count);
    });
  });
  const alike = (a, b) => a.every((part, index) => Math.abs(part - b[index]) <= (index === 0 ? BRIGHTNESS : COLOUR));
  const hasCounterpart = (cells, others, x, y) => {
    for (let toY = Math.max(0, y - 1); toY <= Math.min(down - 1, y + 1); toY++)
      for (let toX = Math.max(0, x - 1); toX <= Math.min(across - 1, x + 1); toX++)
        if (alike(cells[y * across + x], others[toY * across + toX])) return true;
    return false;
  };
  const pen = marked.getContext('2d');
  pen.fillStyle = 'rgb(255 0 255 / 0.5)';
  let count = 0;
  for (let y = 0; y < down; y++)
    for (let x = 0; x < across; x++) {
      if (hasCounterpart(one, other, x, y) && hasCounterpart(other, one, x, y)) continue;
      count += 1;
      pen.fillRect(x * CELL, y * CELL, CELL, CELL);
    }
  return { share: count / (across * down), marked: marked.toDataURL().split(',')[1] };
}`;
