/**
 * The only way from Selvage to a terminal, by an eslint rule: nothing else in `src` writes to stdout or
 * stderr. A terminal obeys control characters in texts from elsewhere (error messages, ids, log lines), so
 * they are written as `\u001b`; only this file's own are obeyed.
 */
import { randomUUID } from 'node:crypto';
import fs from 'node:fs';

/** Node's, or a test's. */
export interface OutputStream {
  write(text: string, done?: () => void): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
}

/** Marks our styles; random, so that no other text contains it. */
const STYLE = `\u001b${randomUUID()};`;

/**
 * Characters that a terminal acts on: C0 and C1, except line feed, tab and the carriage return before a line
 * feed. Also characters that reorder or hide text: bidirectional controls, zero-width and deprecated format characters,
 * tags.
 */
const OBEYED =
  '\\r(?!\\n)|[\\0-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f-\\x9f\\u061c\\u200b\\u200e\\u200f\\u2028-\\u202e\\u2060-\\u206f\\ufeff\\ufff9-\\ufffb]|\\udb40[\\udc00-\\udc7f]';
const TEXT = new RegExp(`${STYLE}(\\d+)m|${OBEYED}`, 'g');
const STYLES = new RegExp(`${STYLE}\\d+m`, 'g');
const CELL = new RegExp(`(${STYLE}\\d+m)|${OBEYED}|[\\r\\n\\t]`, 'g');

const CLEAR_LINE = '\r\u001b[K';

/** Escapes lines for a terminal. Escaped characters of a JSON document keep their meaning. */
export function terminalText(text: string): string {
  return text.replace(TEXT, (found, style?: string) =>
    style === undefined ? escaped(found) : `\u001b[${style}m`,
  );
}

/** Escapes a part of one line, also line feeds and tabs. Keeps marks of styles for {@link terminalText}. */
export function lineText(text: string): string {
  return text.replace(CELL, (found, style?: string) => style ?? escaped(found));
}

/** An ANSI style (`31`: red), emitted when this file writes the text. */
export function styled(style: string, text: string): string {
  return `${STYLE}${style}m${text}${STYLE}0m`;
}

function escaped(found: string): string {
  if (found === '\n' || found === '\t') return found === '\n' ? '\\n' : '\\t';
  return found.replace(/[^]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** The width of a text in characters, without styles. */
export function widthOf(text: string): number {
  return text.replace(STYLES, '').length;
}

export class Terminal {
  /** Number of the block's lines above the cursor. */
  private block = 0;

  constructor(private readonly stream: OutputStream) {}

  get isTTY(): boolean {
    return this.stream.isTTY === true;
  }

  get columns(): number {
    return this.stream.columns ?? 80;
  }

  get rows(): number {
    return this.stream.rows ?? 24;
  }

  write(text: string): void {
    this.stream.write(terminalText(text));
  }

  /** Replaces the current line with a text, cut to the width; an empty text clears it. */
  writeLine(text: string): void {
    const line = lineText(text);
    const shown = line.length < this.columns ? line : `${line.slice(0, this.columns - 2)}…`;
    this.stream.write(`${CLEAR_LINE}${terminalText(shown)}`);
  }

  /** Replaces the last block, if nothing was written since. The block's lines must fit the width. */
  writeBlock(lines: readonly string[]): void {
    const back = this.block > 0 ? `\r\u001b[${this.block}A\u001b[J` : '';
    this.block = lines.length;
    this.stream.write(`${back}${lines.map((line) => `${terminalText(lineText(line))}\n`).join('')}`);
  }
}

export function standardOutput(): OutputStream {
  return process.stdout;
}

export function standardError(): OutputStream {
  return process.stderr;
}

/** Reserves stdout for one document: all other output of this process goes to stderr. */
export function reserveStandardOutput(): OutputStream {
  const write = process.stdout.write.bind(process.stdout);
  process.stdout.write = process.stderr.write.bind(process.stderr);
  const { isTTY, columns } = process.stdout;
  return { write: (text, done) => write(text, done), isTTY, columns };
}

/** Ignores readers that stop early, such as `head`; the process goes on to its end. */
export function outliveReaders(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  }
}

/** Waits for slow readers of earlier output. */
export function afterWritten(stdout: OutputStream, then: () => void): void {
  stdout.write('', () => process.stderr.write('', then));
}

/** Writes a line on stderr, for processes without a command line. */
export function writeErrorLine(text: string): void {
  process.stderr.write(`${terminalText(text)}\n`);
}

/** Asks a question on stderr, and returns the typed line. */
export async function askAtTerminal(question: string): Promise<string> {
  const { createInterface } = await import('node:readline/promises');
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await terminal.question(terminalText(question));
  } finally {
    terminal.close();
  }
}

/** For slow readers. */
const LIMIT_MS = 5_000;
const RETRY_MS = 10;

/** Writes synchronously, for when queued output would be lost; gives up if the output is not read. */
export function writeNow(descriptor: 1 | 2, text: string, clearLine = false): void {
  const limit = performance.now() + LIMIT_MS;
  let bytes = Buffer.from(`${clearLine ? CLEAR_LINE : ''}${terminalText(text)}`);
  while (bytes.length > 0) {
    try {
      bytes = bytes.subarray(fs.writeSync(descriptor, bytes));
    } catch (error) {
      // `EAGAIN`: a pipe is full.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN' || performance.now() > limit) return;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
    }
  }
}
