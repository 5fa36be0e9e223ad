import {
  appendFileSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { FileTailSource } from '../../src';
import type { Gap } from '../../src/ports';
import { openFileTail } from '../../src/adapters/files/tail';
import { keyOfOffset, type PartitionedFeed, type Checkpoint, type StreamElement } from '../../src/streams';
import { StreamProgress } from '../../src/serve/streams/progress';
import type { StreamCheckpoint } from '../../src/workflows/messages';
import { runs } from '../support/thorough';

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

type Step =
  | {
      readonly do: 'append';
      readonly lines: number;
      readonly size: number;
      readonly how: 'lf' | 'crlf' | 'invalid';
    }
  | { readonly do: 'partial'; readonly size: number }
  | {
      readonly do: 'rename' | 'copytruncate' | 'delete' | 'awayAndBack' | 'beat' | 'kill' | 'start' | 'wait';
    }
  /** Of the rotated files, the oldest, or one of those that there are. */
  | { readonly do: 'compress' | 'remove'; readonly which: number }
  /** The folder, while nobody reads: renamed, or copied with or without the times of its files. */
  | { readonly do: 'move'; readonly how: 'rename' | 'copy' | 'copyAnew'; readonly isKept: boolean }
  /** Another file gets the inode, which is what its reuse comes to. */
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
    weight: 9,
    arbitrary: fc
      .constantFrom(
        'rename' as const,
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
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom('compress' as const, 'compress' as const, 'remove' as const),
      which: fc.nat(9),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('move' as const),
      how: fc.constantFrom('rename' as const, 'copy' as const, 'copyAnew' as const),
      isKept: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('truncateAndGrow' as const), more: fc.constantFrom(1, 200) }),
  },
);

/** How rotated files are named: `app.log.1` is the newest, or `app.log-20260101…` has the time of its rotation. */
type Naming = 'numbers' | 'dates';

/** What was written from one rotation to the next. */
interface Incarnation {
  /** Lines that were written, in order. */
  readonly lines: string[];
  /** A last line without an end. */
  partial: string;
  /** The name of the file that it is in; undefined: it is gone. */
  name: string | undefined;
  /** How many gaps were told when it was lost. */
  gapsBefore?: number;
  /** Whether it was lost without ever having had another name, so that nothing tells that it was there. */
  isTraceless?: boolean;
}

const BASE = 'app.log';
const cwd = process.cwd();

/** A file that is written and rotated, a reader that dies and comes back, and what is expected of it. */
class World {
  /** What was started: by key, as the start ledger has it. */
  private readonly claimed = new Map<string, string>();
  readonly out: string[] = [];
  private readonly isOut = new Set<string>();
  /** By partition: of which incarnation it is. */
  private readonly read = new Map<string, number>();
  private readonly gaps: Omit<Gap, 'at'>[] = [];
  private readonly incarnations: Incarnation[] = [{ lines: [], partial: '', name: BASE }];
  private readonly ends = new Set<string>();
  private saved: StreamCheckpoint = { number: 0, partitions: {}, counts: { ok: 0, dead: 0 } };
  private reader:
    | { progress: StreamProgress; stop: AbortController; source: PartitionedFeed; ended: Promise<void> }
    | undefined;
  private rotations = 0;
  private moves = 0;
  private isCopied = false;
  private next = 0;
  /** Whether anything was done by which contents may be lost. */
  private isHarmed = false;

  constructor(
    private readonly parent: string,
    private readonly naming: Naming,
    /** Whether rotated files are wanted, too. */
    private readonly isGlob: boolean,
    private readonly leaveAfter: number,
    /** Whether its path is declared relative to the folder. */
    private readonly isRelative: boolean,
  ) {
    mkdirSync(this.at());
  }

  at(...names: readonly string[]): string {
    return path.join(this.parent, `project-${this.moves}`, ...names);
  }

  /** Files that were rotated before there was a stream: nothing of them is wanted, unless their names are. */
  async begin(old: number): Promise<void> {
    for (let n = 0; n < old; n++) {
      this.append(40, 'lf');
      this.rename();
    }
    if (old > 1) this.compress(0);
    if (!this.isGlob) for (const { lines } of this.incarnations.slice(0, -1)) lines.length = 0;
    writeFileSync(this.at(BASE), '');
    this.start();
    await this.till('the stream has begun', () => this.saved.number > 0);
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
        return this.rename();
      case 'copytruncate': {
        if (!existsSync(this.at(BASE))) return;
        const name = this.makeRoom();
        copyFileSync(this.at(BASE), this.at(name));
        truncateSync(this.at(BASE));
        this.current.name = name;
        this.renew();
        return;
      }
      case 'compress':
        return this.compress(step.which);
      case 'remove': {
        const rotated = this.rotated();
        // Nothing tells of one that is gone from among dated names.
        const one = rotated[this.naming === 'dates' ? 0 : step.which % rotated.length];
        if (!one) return;
        rmSync(this.at(one.name!));
        // Between two looks of a reader, all that there was may come and go.
        return this.lose(one, this.reader !== undefined && one === rotated[0]);
      }
      case 'move': {
        await this.kill();
        const old = this.at();
        this.moves += 1;
        if (step.how === 'rename') renameSync(old, this.at());
        else {
          // By another path, files may be others that begin alike: as long as the first are there, or with other times.
          const { isRelative } = this;
          const preserveTimestamps = step.how === 'copy' || !isRelative;
          this.isCopied = true;
          cpSync(old, this.at(), { recursive: true, preserveTimestamps });
          if (!step.isKept || !isRelative) rmSync(old, { recursive: true });
        }
        return;
      }
      case 'truncateAndGrow': {
        if (!existsSync(this.at(BASE))) return;
        const size = this.current.lines.join('\n').length;
        truncateSync(this.at(BASE));
        this.lose(this.current, true);
        this.renew();
        this.append(size + step.more, 'lf');
        return;
      }
      case 'delete':
        if (!existsSync(this.at(BASE))) return;
        rmSync(this.at(BASE));
        this.lose(this.current, true);
        this.renew();
        return;
      case 'awayAndBack':
        if (!existsSync(this.at(BASE))) return;
        // A reader that begins just then, with a checkpoint from before the copy, has nothing to know a small file by.
        if (this.isCopied) return;
        renameSync(this.at(BASE), this.at('away'));
        await delay(3);
        renameSync(this.at('away'), this.at(BASE));
        return;
      case 'beat':
        if (this.reader) this.saved = this.reader.progress.checkpoint();
        return;
      case 'kill':
        return await this.kill();
      case 'start':
        return this.start();
      case 'wait':
        await this.settle();
    }
  }

  /** All that can be read was read. */
  async settle(): Promise<void> {
    if (!this.reader) return;
    const there = this.incarnations.filter(({ name }) => name !== undefined).flatMap(({ lines }) => lines);
    await this.till('all lines that are in a file are out', () =>
      there.every((line) => this.isOut.has(line)),
    );
  }

  async end(): Promise<void> {
    this.start();
    await this.settle();
    // What is lost is told when the reader looks again, and whatever comes twice comes now.
    await delay(20);
    await this.till('all that is lost is told', () => this.untold().length === 0);
    await this.kill();
    expect(this.isOut.size).toBe(this.out.length);
    for (const { lines } of this.incarnations) {
      const out = this.out.filter((line) => lines.includes(line));
      expect(out).toEqual(lines.filter((line) => this.isOut.has(line)));
    }
    const known = new Set([...this.incarnations.flatMap(({ lines }) => lines), ...this.ends]);
    expect(this.out.filter((line) => !known.has(line))).toEqual([]);
    if (!this.isHarmed) expect(this.gaps).toEqual([]);
  }

  async kill(): Promise<void> {
    const { reader } = this;
    this.reader = undefined;
    if (!reader) return;
    reader.stop.abort();
    await reader.ended;
    await reader.source.close!();
  }

  private get current(): Incarnation {
    return this.incarnations.at(-1)!;
  }

  /** What was rotated, the oldest first. */
  private rotated(): Incarnation[] {
    return this.incarnations.filter(({ name }) => name !== undefined && name !== BASE);
  }

  private rename(): void {
    if (!existsSync(this.at(BASE))) return;
    const name = this.makeRoom();
    renameSync(this.at(BASE), this.at(name));
    this.current.name = name;
    this.renew();
  }

  /** The name for what is rotated next. */
  private makeRoom(): string {
    this.rotations += 1;
    if (this.naming === 'dates') return `${BASE}-20260101${String(this.rotations).padStart(4, '0')}`;
    for (const one of this.rotated()) {
      const [, number, end] = /\.(\d+)(\.gz)?$/.exec(one.name!)!;
      const name = `${BASE}.${Number(number) + 1}${end ?? ''}`;
      renameSync(this.at(one.name!), this.at(name));
      one.name = name;
    }
    return `${BASE}.1`;
  }

  /** As gzip does it. */
  private compress(which: number): void {
    const plain = this.rotated().filter(({ name }) => !name!.endsWith('.gz'));
    const one = plain[which % plain.length];
    if (!one) return;
    const name = `${one.name}.gz`;
    const { atime, mtime } = statSync(this.at(one.name!));
    writeFileSync(this.at(name), gzipSync(readFileSync(this.at(one.name!))));
    utimesSync(this.at(name), atime, mtime);
    rmSync(this.at(one.name!));
    one.name = name;
  }

  private lose(one: Incarnation, isTraceless = false): void {
    this.isHarmed = true;
    one.name = undefined;
    one.isTraceless = isTraceless;
    one.gapsBefore = this.gaps.length;
  }

  /** Lines that are neither out nor in a file, and of which nothing is told. */
  private untold(): string[] {
    const read = new Set(this.read.values());
    return this.incarnations.flatMap(({ name, lines, isTraceless, gapsBefore }, n) => {
      if (name !== undefined) return [];
      // Nobody knows of it, or of any before it.
      if (!read.has(n) && (isTraceless || this.isGlob || ![...read].some((one) => one < n))) return [];
      const isTold = this.gaps.slice(gapsBefore).some(({ partition }) => {
        const from = this.read.get(partition);
        return from === undefined || from === n || (from < n && !read.has(n));
      });
      return isTold ? [] : lines.filter((line) => !this.isOut.has(line));
    });
  }

  private async till(what: string, condition: () => boolean): Promise<void> {
    for (const giveUpAt = Date.now() + 10_000; !condition(); await delay(2))
      if (Date.now() > giveUpAt)
        throw new Error(
          `In vain until ${what}: ${JSON.stringify({ out: this.out.length, untold: this.untold(), gaps: this.gaps, incarnations: this.incarnations, missing: this.incarnations.filter(({ name }) => name).flatMap(({ lines }) => lines.filter((line) => !this.isOut.has(line))) })}`,
        );
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
    appendFileSync(this.at(BASE), bytes);
    const { current } = this;
    if (end === '') {
      current.partial += text;
      // Its end may be lost, or never come.
      this.ends.add(current.partial);
    } else {
      current.lines.push(current.partial + text);
      current.partial = '';
    }
  }

  /** The file begins anew. */
  private renew(): void {
    this.incarnations.push({ lines: [], partial: '', name: BASE });
  }

  private start(): void {
    if (this.reader) return;
    process.chdir(this.at());
    const name = this.isGlob ? `${BASE}*` : BASE;
    const { options } = new FileTailSource({
      path: this.isRelative ? name : this.at(name),
      poll: 2,
      leaveAfter: this.leaveAfter,
    });
    const source = openFileTail(options);
    const progress = new StreamProgress(this.saved);
    const stop = new AbortController();
    const ended = this.follow(source, progress, stop.signal);
    this.reader = { progress, stop, source, ended };
  }

  private async follow(
    source: PartitionedFeed,
    progress: StreamProgress,
    signal: AbortSignal,
  ): Promise<void> {
    const context = {
      signal,
      logger: silent,
      trouble: () => {},
      reportGap: (gap: Omit<Gap, 'at'>) => {
        if (progress.addGap({ ...gap, at: Date.now() })) this.gaps.push(gap);
      },
      save: async (places: Checkpoint) => {
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
        this.isOut.add(value);
        const from = this.incarnations.findIndex(({ lines }) => lines.includes(value));
        if (from >= 0) this.read.set(partition, from);
        const part = { partition, elements: [element] };
        progress.begin(part);
        progress.finish(part);
      }
    }
  }
}

test.each<[string, Naming, boolean]>([
  ['the file alone, and its rotated ones have numbers', 'numbers', false],
  ['the file alone, and its rotated ones have dates', 'dates', false],
  ['the file and what it is rotated to', 'numbers', true],
])(
  'lines out are lines in, once each and in order, or told as lost: %s',
  async (_, naming, isGlob) => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(2),
        fc.boolean(),
        fc.array(arbitraryStep, { minLength: 1, maxLength: 30 }),
        async (old, isRelative, steps) => {
          const folder = await mkdtemp(path.join(tmpdir(), 'selvage-tail-'));
          // A small file that comes back after it was left is another file.
          const leaveAfter = steps.some((step) => step.do === 'awayAndBack') ? 2_000 : 60;
          const world = new World(folder, naming, isGlob, leaveAfter, isRelative);
          try {
            await world.begin(old);
            for (const step of steps) await world.take(step);
            await world.end();
          } finally {
            await world.kill();
            process.chdir(cwd);
            await rm(folder, { recursive: true });
          }
        },
      ),
      { numRuns: runs(50, 3_400) },
    );
  },
  3_600_000,
);
