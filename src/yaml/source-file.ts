import type { Range } from './problems';

interface Position {
  /** From 1. */
  readonly line: number;
  /** Column from 1, in UTF-16 units. */
  readonly column: number;
}

const LONGEST_SHOWN = 120;
/** Characters of a long line before the culprit. */
const BEFORE = 40;

export class SourceFile {
  private readonly starts: number[] = [0];

  constructor(
    readonly name: string,
    readonly text: string,
  ) {
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at);
      // YAML lines end with LF, CR LF or CR.
      if (code === 10 || (code === 13 && text.charCodeAt(at + 1) !== 10)) this.starts.push(at + 1);
    }
  }

  positionOf(offset: number): Position {
    const line = this.lineOf(offset);
    return { line: line + 1, column: Math.max(0, offset - this.starts[line]!) + 1 };
  }

  /** The line with the range, the one before it, and carets below. */
  excerpt([start, end]: Range): string[] {
    const line = this.lineOf(start);
    const width = String(line + 1).length;
    const shown = this.line(line);
    const column = Math.min(start - this.starts[line]!, shown.length);
    const cut = column > LONGEST_SHOWN - BEFORE ? column - BEFORE : 0;
    const part = shown.slice(cut, cut + LONGEST_SHOWN);
    const length = Math.max(1, Math.min(end - start, part.length - (column - cut)));
    const before = line > 0 ? this.line(line - 1) : '';
    return [
      ...(before.trim() === ''
        ? []
        : [`  ${String(line).padStart(width)} | ${before.slice(0, LONGEST_SHOWN)}`]),
      `  ${line + 1} | ${cut > 0 ? '…' : ''}${part}`,
      `  ${' '.repeat(width)} | ${' '.repeat(column - cut + (cut > 0 ? 1 : 0))}${'^'.repeat(length)}`,
    ];
  }

  lineAt(offset: number): string {
    return this.line(this.lineOf(offset));
  }

  private lineOf(offset: number): number {
    let [low, high] = [0, this.starts.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.starts[middle]! <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** Each character is replaced by exactly one, so that carets stay below their target. */
  private line(index: number): string {
    return this.text
      .slice(this.starts[index], this.starts[index + 1] ?? this.text.length)
      .replace(/[\r\n]+$/, '')
      .replaceAll('\t', ' ')
      .replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/g, '\ufffd');
  }
}
