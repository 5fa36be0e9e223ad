import {
  appendFileSync,
  copyFileSync,
  existsSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import { FileTailSource } from '../../src';
import { openFileTail } from '../../src/adapters/files/tail';
import { keyOfOffset, type OpenSource, type Places, type StreamElement } from '../../src/streams';
import { StreamProgress } from '../../src/serve/streams/progress';
import type { StreamCheckpoint } from '../../src/workflows/messages';
import { runs } from '../support/thorough';
import { until } from '../support/until';

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

type Step =
  | {
      readonly do: 'append';
      readonly lines: number;
      readonly size: number;
      readonly how: 'lf' | 'crlf' | 'invalid';
    }
  | { readonly do: 'partial'; readonly size: number }
  | { readonly do: 'rename' | 'copytruncate' | 'delete' | 'awayAndBack' | 'beat' | 'kill' | 'start' | 'wait' }
  | { readonly do: 'truncateAndGrow'; readonly more: number };

const arbitraryStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('append' as const),
      lines: fc.integer({ min: 0, max: 4 }),
      size: fc.constantFrom(0, 1, 40, 300),
      how: fc.constantFrom('lf' as const, 'crlf' as const, 'invalid' as const),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('partial' as const), size: fc.constantFrom(0, 20, 90) }),
  },
  {
    weight: 8,
    arbitrary: fc
      .constantFrom(
        'rename' as const,
        'copytruncate' as const,
        'delete' as const,
        'awayAndBack' as const,
        'beat' as const,
        'kill' as const,
        'start' as const,
        'wait' as const,
      )
      .map((name) => ({ do: name })),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('truncateAndGrow' as const), more: fc.constantFrom(1, 200) }),
  },
);

interface Incarnation {
  /** Lines that were written, in order. */
  readonly lines: string[];
  /** A last line without an end. */
  partial: string;
  wasSeen: boolean;
}

/** A file that is written and rotated, a reader that dies and comes back, and what is expected of it. */
class World {
  readonly file: string;
  /** What was started: by key, as the start ledger has it. */
  private readonly claimed = new Map<string, string>();
  readonly out: string[] = [];
  private readonly expected: string[][] = [];
  private readonly optional = new Set<string>();
  private current: Incarnation = { lines: [], partial: '', wasSeen: false };
  private saved: StreamCheckpoint = { number: 0, partitions: {}, counts: { ok: 0, dead: 0 } };
  private reader:
    { progress: StreamProgress; stop: AbortController; source: OpenSource; ended: Promise<void> } | undefined;
  private rotated = 0;
  private next = 0;

  constructor(
    private readonly folder: string,
    /** Whether rotated files are wanted, too. */
    private readonly isGlob: boolean,
  ) {
    this.file = path.join(folder, 'app.log');
  }

  async take(step: Step): Promise<void> {
    switch (step.do) {
      case 'append':
        for (let n = 0; n < step.lines; n++) this.append(step.size, step.how);
        return;
      case 'partial':
        this.write(`p${this.next++}${'.'.repeat(step.size)}`, '');
        return;
      case 'rename':
        if (!existsSync(this.file)) return;
        renameSync(this.file, `${this.file}.${++this.rotated}`);
        this.renew(this.isGlob || this.current.wasSeen);
        return;
      case 'copytruncate':
        if (!existsSync(this.file)) return;
        copyFileSync(this.file, `${this.file}.${++this.rotated}`);
        truncateSync(this.file);
        this.renew(this.isGlob || this.current.wasSeen);
        return;
      case 'truncateAndGrow': {
        if (!existsSync(this.file)) return;
        await this.settle();
        const size = this.current.lines.join('\n').length;
        truncateSync(this.file);
        this.renew(false);
        this.append(size + step.more, 'lf');
        return;
      }
      case 'delete':
        if (!existsSync(this.file)) return;
        await this.settle();
        rmSync(this.file);
        this.renew(false);
        return;
      case 'awayAndBack':
        if (!existsSync(this.file)) return;
        renameSync(this.file, path.join(this.folder, 'away'));
        await delay(3);
        renameSync(path.join(this.folder, 'away'), this.file);
        return;
      case 'beat':
        if (this.reader) this.saved = this.reader.progress.checkpoint();
        return;
      case 'kill':
        await this.kill();
        return;
      case 'start':
        this.start();
        return;
      case 'wait':
        await this.settle();
    }
  }

  /** All that can be read was read. */
  async settle(): Promise<void> {
    if (!this.reader) return;
    const missing = (): string[] =>
      [...this.expected, this.current.lines].flat().filter((line) => !this.out.includes(line));
    try {
      await until('all lines are out', () => missing().length === 0, 5_000);
    } catch {
      throw new Error(`Missing: ${missing().join(', ')}`);
    }
    this.current.wasSeen ||= this.current.lines.length > 0;
  }

  async end(): Promise<void> {
    this.start();
    await this.settle();
    // Whatever comes twice comes now.
    await delay(30);
    await this.kill();
    expect(new Set(this.out).size).toBe(this.out.length);
    for (const lines of [...this.expected, this.current.lines])
      expect(this.out.filter((line) => lines.includes(line))).toEqual(lines);
    const known = new Set([
      ...[...this.expected, this.current.lines].flat(),
      ...this.optional,
      this.current.partial,
    ]);
    expect(this.out.filter((line) => !known.has(line))).toEqual([]);
  }

  async kill(): Promise<void> {
    const { reader } = this;
    this.reader = undefined;
    if (!reader) return;
    reader.stop.abort();
    await reader.ended;
    await reader.source.close!();
  }

  private append(size: number, how: 'lf' | 'crlf' | 'invalid'): void {
    const text = `l${this.next++}${'.'.repeat(size)}`;
    this.write(
      how === 'invalid' ? `${text}\u{fffd}` : text,
      how === 'crlf' ? '\r\n' : '\n',
      how === 'invalid',
    );
  }

  private write(text: string, end: string, isInvalid = false): void {
    const bytes = isInvalid
      ? Buffer.concat([Buffer.from(text.slice(0, -1)), Buffer.from([0xff]), Buffer.from(end)])
      : Buffer.from(text + end);
    appendFileSync(this.file, bytes);
    if (end === '') this.current.partial += text;
    else {
      this.current.lines.push(this.current.partial + text);
      this.current.partial = '';
    }
  }

  /** The file begins anew. Unless what was in it is still somewhere, only what was read of it is expected. */
  private renew(isKept: boolean): void {
    const { lines, partial } = this.current;
    this.expected.push(isKept ? lines : lines.filter((line) => this.out.includes(line)));
    for (const line of [...lines, partial]) this.optional.add(line);
    this.current = { lines: [], partial: '', wasSeen: false };
  }

  private start(): void {
    if (this.reader) return;
    const { options } = new FileTailSource({
      path: this.isGlob ? `${this.file}*` : this.file,
      poll: 2,
      leaveAfter: 100,
    });
    const source = openFileTail(options);
    const progress = new StreamProgress(this.saved);
    const stop = new AbortController();
    const ended = this.read(source, progress, stop.signal);
    this.reader = { progress, stop, source, ended };
  }

  private async read(source: OpenSource, progress: StreamProgress, signal: AbortSignal): Promise<void> {
    const context = {
      signal,
      logger: silent,
      trouble: () => {},
      save: async (places: Places) => {
        for (const [partition, state] of places) progress.place(partition, state);
        if (!signal.aborted) this.saved = progress.checkpoint();
      },
    };
    for await (const delivered of source.read(progress.places(), context)) {
      if (signal.aborted) return;
      if ('endOf' in delivered) {
        progress.end(delivered.endOf);
        continue;
      }
      for (const element of delivered as StreamElement<string>[]) {
        const { partition = '', value, offset } = element;
        const key = `${partition}:${keyOfOffset(offset)}`;
        if (!this.claimed.has(key)) this.out.push(value);
        else expect(this.claimed.get(key)).toBe(value);
        this.claimed.set(key, value);
        if (this.current.lines.includes(value)) this.current.wasSeen = true;
        const part = { partition, elements: [element] };
        progress.begin(part);
        progress.finish(part);
      }
    }
  }
}

test.each([
  ['the file alone', false],
  ['the file and what it is rotated to', true],
])('lines out are lines in, once each and in order, whatever is done to %s', async (_, isGlob) => {
  await fc.assert(
    fc.asyncProperty(fc.array(arbitraryStep, { minLength: 1, maxLength: 25 }), async (steps) => {
      const folder = await mkdtemp(path.join(tmpdir(), 'selvage-tail-'));
      const world = new World(folder, isGlob);
      writeFileSync(world.file, '');
      try {
        for (const step of steps) await world.take(step);
        await world.end();
      } finally {
        await world.kill();
        await rm(folder, { recursive: true });
      }
    }),
    { numRuns: runs(60, 1_000) },
  );
});
