import type { RunGraph } from '../../authoring/run-graph';
import { lineText } from '../../node/terminal';
import type { Picture } from '../../visualisation';
import { labelsOf, layoutPicture } from '../../visualisation/layout';
import { marksOf } from '../../visualisation/marks';
import type { Output } from '../output/output';
import { painted, SIGNS } from './knot-signs';

/** Largest graph as text: larger ones are unreadable, and shown by the page and `--svg`. */
const MOST_KNOTS = 30;
/** Width of a letter, in pixels of the picture. */
const LETTER = 8;
/** Lines of text from a box's first to its last. */
const BOX_LINES = 2;

const UP = 1;
const RIGHT = 2;
const DOWN = 4;
const LEFT = 8;
/** The letter of a crossing, by the directions that meet there, as bits. */
const STROKES = ' ╵╶└╷│┌├╴┘─┴┐┤┬┼';

interface Letter {
  readonly text: string;
  readonly paint?: ((text: string) => string) | undefined;
}

/**
 * A small graph as boxes and lines of text; undefined if it is too large, without wires, or wider than the
 * terminal.
 *
 * @param columns of the terminal
 */
export function graphLines(
  graph: Pick<RunGraph, 'knots'>,
  output: Output,
  columns = output.columns,
): string[] | undefined {
  const { knots } = graph;
  if (knots.length < 2 || knots.length > MOST_KNOTS) return undefined;
  const picture = layoutPicture(graph);
  if (picture.wires.length === 0) return undefined;
  const xOf = (x: number): number => Math.round(x / LETTER);
  const yOf = rowsOf(picture);
  const canvas = new Canvas();
  for (const { points } of picture.wires)
    for (let at = 0; at + 3 < points.length; at += 2) {
      const [x, y, toX, toY] = points.slice(at, at + 4) as [number, number, number, number];
      canvas.wire([xOf(x), yOf(y)], [xOf(toX), yOf(toY)]);
    }
  const labels = labelsOf(knots);
  picture.boxes.forEach((box, index) => {
    if (!box) return;
    const { status } = marksOf(knots[index]!);
    const paint = (text: string): string => painted(status, text, output);
    const [left, right] = [xOf(box.x), xOf(box.x + box.width) - 1];
    canvas.box({ left, right, top: yOf(box.y), bottom: yOf(box.y + box.height) });
    canvas.label(left + 2, right - 1, yOf(box.y) + 1, {
      mark: SIGNS[status],
      paint,
      text: lineText(labels[index]!),
    });
  });
  return canvas.width > columns ? undefined : canvas.lines();
}

/** Heights at which something begins, ends or turns become lines of text; a box takes three. */
function rowsOf({ boxes, wires }: Picture): (y: number) => number {
  const shown = boxes.filter((box) => box !== undefined);
  const tops = new Map(shown.map(({ y, height }) => [y + height, y]));
  const heights = new Set(shown.flatMap(({ y, height }) => [y, y + height]));
  for (const { points } of wires) for (let at = 1; at < points.length; at += 2) heights.add(points[at]!);
  const rows = new Map<number, number>();
  let row = 0;
  for (const y of [...heights].sort((one, other) => one - other)) {
    const top = tops.get(y);
    if (top !== undefined) row = Math.max(row, rows.get(top)! + BOX_LINES);
    rows.set(y, row);
    row += 1;
  }
  return (y) => rows.get(y)!;
}

type Point = readonly [x: number, y: number];

/** A grid of letters, and of lines that join where they meet. */
class Canvas {
  private readonly strokes = new Map<string, number>();
  private readonly letters = new Map<string, Letter>();
  private right = 0;
  private bottom = 0;
  private left = Infinity;
  private top = Infinity;

  get width(): number {
    return this.right - this.left + 1;
  }

  wire([x, y]: Point, [toX, toY]: Point): void {
    this.vertical(x, y, toY);
    this.horizontal(toY, x, toX);
  }

  box({ left, right, top, bottom }: { left: number; right: number; top: number; bottom: number }): void {
    // The box covers the lines behind it.
    for (let y = top; y <= bottom; y++)
      for (let x = left; x <= right; x++) {
        const isBorder = y === top || y === bottom;
        if (!isBorder) this.strokes.delete(key(x, y));
      }
    this.horizontal(top, left, right);
    this.horizontal(bottom, left, right);
    this.vertical(left, top, bottom);
    this.vertical(right, top, bottom);
  }

  label(
    from: number,
    to: number,
    y: number,
    { mark, paint, text }: { mark: string; paint?: ((text: string) => string) | undefined; text: string },
  ): void {
    const room = to - from + 1 - 2;
    const shown = text.length <= room ? text : `${text.slice(0, Math.max(0, room - 1))}…`;
    this.letters.set(key(from, y), { text: mark, paint });
    [...shown].forEach((letter, index) => this.letters.set(key(from + 2 + index, y), { text: letter }));
  }

  lines(): string[] {
    const lines: string[] = [];
    for (let y = this.top; y <= this.bottom; y++) {
      let line = '';
      for (let x = this.left; x <= this.right; x++) {
        const letter = this.letters.get(key(x, y));
        if (letter) line += letter.paint ? letter.paint(letter.text) : letter.text;
        else line += STROKES[this.strokes.get(key(x, y)) ?? 0]!;
      }
      lines.push(line.trimEnd());
    }
    return lines;
  }

  private vertical(x: number, y: number, toY: number): void {
    for (let at = Math.min(y, toY); at < Math.max(y, toY); at++) {
      this.stroke(x, at, DOWN);
      this.stroke(x, at + 1, UP);
    }
  }

  private horizontal(y: number, x: number, toX: number): void {
    for (let at = Math.min(x, toX); at < Math.max(x, toX); at++) {
      this.stroke(at, y, RIGHT);
      this.stroke(at + 1, y, LEFT);
    }
  }

  private stroke(x: number, y: number, direction: number): void {
    const at = key(x, y);
    this.strokes.set(at, (this.strokes.get(at) ?? 0) | direction);
    this.left = Math.min(this.left, x);
    this.right = Math.max(this.right, x);
    this.top = Math.min(this.top, y);
    this.bottom = Math.max(this.bottom, y);
  }
}

function key(x: number, y: number): string {
  return `${x},${y}`;
}
