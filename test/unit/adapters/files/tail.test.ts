import {
  appendFileSync,
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
import fs from 'node:fs/promises';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { FileTailSource, type FileTailOptions } from '../../../../src';
import { openFileTail } from '../../../../src/adapters/files/tail';
import { StreamProgress } from '../../../../src/serve/streams/progress';
import type { Gap } from '../../../../src/ports';
import type { Checkpoint } from '../../../../src/streams';
import type { StreamCheckpoint } from '../../../../src/workflows/messages';
import { folderForEach } from '../../../conformance/temporary-folder';
import { rejectionOf } from '../../../support/rejection-of';
import { until } from '../../../support/until';

/** What is done to files at random is in test/property/file-tail.test.ts. */
const folder = folderForEach();
const at = (name: string): string => path.join(folder(), name);
const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const NOTHING: StreamCheckpoint = { number: 0, partitions: {}, counts: { ok: 0, dead: 0 } };
const stops: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

interface Reading {
  readonly gaps: Omit<Gap, 'at'>[];
  readonly lines: string[];
  /** By line: the file that it came from. */
  readonly files: Map<string, string>;
  /** How many places were saved together, each time. */
  readonly saves: readonly number[];
  /** The files that were left. */
  readonly left: readonly string[];
  readonly ended: Promise<void>;
  stop(): Promise<StreamCheckpoint>;
}

/** Reads as a stream does whose elements are finished at once. */
function read(options: FileTailOptions, checkpoint: StreamCheckpoint = NOTHING): Reading {
  const source = openFileTail(new FileTailSource({ poll: 5, leaveAfter: 50, ...options }).options);
  const progress = new StreamProgress(checkpoint);
  const stopping = new AbortController();
  const lines: string[] = [];
  const files = new Map<string, string>();
  const saves: number[] = [];
  const left: string[] = [];
  const gaps: Omit<Gap, 'at'>[] = [];
  const context = {
    signal: stopping.signal,
    logger: silent,
    trouble: () => {},
    reportGap: (gap: Omit<Gap, 'at'>) => void gaps.push(gap),
    save: async (places: Checkpoint) => {
      saves.push(places.size);
      for (const [partition, state] of places) progress.place(partition, state);
    },
  };
  const ended = (async () => {
    for await (const delivered of source.read(progress.places(), context)) {
      if ('endOf' in delivered) {
        progress.end(delivered.endOf);
        left.push(delivered.endOf);
        continue;
      }
      for (const element of Array.isArray(delivered) ? delivered : [delivered]) {
        const { partition, value } = element as { partition: string; value: string };
        lines.push(value);
        files.set(value, partition);
        const part = { partition, elements: [element as never] };
        progress.begin(part);
        progress.finish(part);
      }
    }
  })();
  const stop = async (): Promise<StreamCheckpoint> => {
    stopping.abort();
    await ended.catch(() => undefined);
    await source.close!();
    return progress.checkpoint();
  };
  stops.push(async () => void (await stop()));
  return { lines, files, saves, left, gaps, ended, stop };
}

const count = (reading: Reading, lines: number): Promise<unknown> =>
  until(`${lines} lines came`, () => reading.lines.length >= lines);

/** As gzip does it. */
function compress(name: string): void {
  const { atime, mtime } = statSync(at(name));
  writeFileSync(at(`${name}.gz`), gzipSync(readFileSync(at(name))));
  utimesSync(at(`${name}.gz`), atime, mtime);
  rmSync(at(name));
}

const utf16be = (text: string): Buffer => Buffer.from(text, 'utf16le').swap16();

test.each([
  ['utf-8', (text: string) => Buffer.from(text), '\u{feff}'],
  ['utf-16le', (text: string) => Buffer.from(text, 'utf16le'), '\u{feff}'],
  ['utf-16be', utf16be, '\u{feff}'],
  ['latin1', (text: string) => Buffer.from(text, 'latin1'), ''],
])('text in %s comes as it was written, in pieces and without its mark', async (encoding, encode, mark) => {
  // The code units of the first have the byte of a line feed in them.
  const text = encoding.startsWith('utf') ? ['\u{0a00}\u{010a} grün', 'zweite 🙂'] : ['grün', 'où ça'];
  const bytes = encode(`${mark}${text[0]}\r\n${text[1]}\n`);
  const half = Math.ceil(bytes.length / 2);
  writeFileSync(at('a.log'), bytes.subarray(0, half));
  const reading = read({ path: at('a.log'), encoding });
  if (bytes.subarray(0, half).includes(encode('\r\n'))) await count(reading, 1);
  appendFileSync(at('a.log'), bytes.subarray(half));
  await count(reading, 2);
  expect(reading.lines).toEqual(text);
});

test('bytes that the encoding does not have become U+FFFD, also half a code unit before the end', async () => {
  writeFileSync(at('a.log'), Buffer.from([0x61, 0xff, 0x62, 0x0a, 0xc3, 0x0a]));
  const reading = read({ path: at('a.log') });
  await count(reading, 2);
  expect(reading.lines).toEqual(['a\u{fffd}b', '\u{fffd}']);
  writeFileSync(
    at('b.log'),
    Buffer.concat([Buffer.from('ok\n', 'utf16le'), Buffer.from([0x3d, 0xd8, 0x0a, 0x00])]),
  );
  const wide = read({ path: at('b.log'), encoding: 'utf-16le' });
  await count(wide, 2);
  expect(wide.lines).toEqual(['ok', '\u{fffd}']);
});

test('NUL and escapes in a line come as they are', async () => {
  writeFileSync(at('a.log'), 'a\u0000b\n\u001b[31mred\n');
  const reading = read({ path: at('a.log') });
  await count(reading, 2);
  expect(reading.lines).toEqual(['a\u0000b', '\u001b[31mred']);
});

test('a line that is too long comes in pieces', async () => {
  writeFileSync(at('a.log'), `${'x'.repeat(25)}\nshort\n`);
  const reading = read({ path: at('a.log'), maxLine: 10 });
  await until('the last came', () => reading.lines.includes('short'));
  expect(reading.lines.slice(0, -1).join('')).toBe('x'.repeat(25));
  expect(Math.max(...reading.lines.map(({ length }) => length))).toBeLessThanOrEqual(10);
});

test.each([1, 200, 255, 256, 1_023, 1_024, 2_000])(
  'a file of %i bytes is read, and read on by the next process',
  async (size) => {
    const line = 'y'.repeat(size - 1);
    writeFileSync(at('a.log'), `${line}\n`);
    const first = read({ path: at('a.log') });
    await count(first, 1);
    const checkpoint = await first.stop();
    appendFileSync(at('a.log'), 'more\n');
    const second = read({ path: at('a.log') }, checkpoint);
    await count(second, 1);
    await second.stop();
    expect([first.lines, second.lines]).toEqual([[line], ['more']]);
  },
);

test('another file that has got the inode while nobody read is read from its beginning', async () => {
  writeFileSync(at('a.log'), 'old 1\nold 2\n');
  const first = read({ path: at('a.log') });
  await count(first, 2);
  const checkpoint = await first.stop();
  // The same inode, which is what its reuse comes to; longer than before.
  writeFileSync(at('a.log'), 'new 1\nnew 2\nnew 3\n');
  const second = read({ path: at('a.log') }, checkpoint);
  await count(second, 3);
  expect(second.lines).toEqual(['new 1', 'new 2', 'new 3']);
  expect(second.files.get('new 1')).not.toBe(first.files.get('old 1'));
});

test('a file that is truncated and outgrows its old size is read from its beginning', async () => {
  writeFileSync(at('a.log'), 'old 1\nold 2\n');
  const reading = read({ path: at('a.log') });
  await count(reading, 2);
  truncateSync(at('a.log'));
  appendFileSync(at('a.log'), 'new, and longer than all of the old\nnew 2\n');
  await count(reading, 4);
  expect(reading.lines.slice(2)).toEqual(['new, and longer than all of the old', 'new 2']);
});

test('a file that was deleted and comes back under its name is known by its bytes, if there are enough', async () => {
  const lines = Array.from({ length: 60 }, (_, n) => `a line of some length, number ${n}\n`);
  writeFileSync(at('a.log'), lines.join(''));
  const first = read({ path: at('a.log') });
  await count(first, 60);
  const checkpoint = await first.stop();
  rmSync(at('a.log'));
  writeFileSync(at('kept'), `${lines.join('')}more\n`);
  renameSync(at('kept'), at('a.log'));
  const second = read({ path: at('a.log') }, checkpoint);
  await count(second, 1);
  expect(second.lines).toEqual(['more']);
});

describe('a file whose folder is another one than before', () => {
  const path = 'small.log';
  const before = process.cwd();
  beforeEach(() => {
    for (const name of ['old', 'new']) mkdirSync(at(name));
    process.chdir(at('old'));
  });
  afterEach(() => process.chdir(before));

  /** Reads the first two lines in the old folder. */
  async function readTwo(options: FileTailOptions): Promise<StreamCheckpoint> {
    writeFileSync(at('old/small.log'), 'header\none\n');
    const reading = read(options);
    await count(reading, 2);
    return await reading.stop();
  }

  test('is read on where it has the same contents, and said to be', async () => {
    const checkpoint = await readTwo({ path });
    // The old one is there still.
    writeFileSync(at('new/small.log'), 'header\none\ntwo\n');
    process.chdir(at('new'));
    const warn = jest.spyOn(silent, 'warn');
    const second = read({ path }, checkpoint);
    await count(second, 1);
    expect(second.lines).toEqual(['two']);
    expect(second.gaps).toEqual([]);
    expect(warn.mock.calls).toEqual([
      [
        `${at('new/small.log')} is read on from byte 11: up to there, it has the contents of ${at('old/small.log')}`,
      ],
    ]);
  });

  test('is read from its beginning where it only begins alike, and what is not found is told', async () => {
    const checkpoint = await readTwo({ path });
    writeFileSync(at('new/small.log'), 'header\nOne\ntwo\n');
    rmSync(at('old/small.log'));
    process.chdir(at('new'));
    const second = read({ path }, checkpoint);
    await count(second, 3);
    expect(second.lines).toEqual(['header', 'One', 'two']);
    expect(second.gaps).toMatchObject([{ after: `${at('new/small.log')} byte 11`, why: 'the file is gone' }]);
  });

  test('is another one, if it is small, another path leads to it, and the first is still where it was', async () => {
    const checkpoint = await readTwo({ path: at('old/small.log') });
    appendFileSync(at('old/small.log'), 'rest\n');
    writeFileSync(at('new/small.log'), 'header\none\ntwo\n');
    const second = read({ path: at('new/small.log') }, checkpoint);
    await count(second, 4);
    expect(second.lines).toEqual(['rest', 'header', 'one', 'two']);
  });
});

test('a pattern stands for the files that there are and those that come, and a list for all of its paths', async () => {
  for (const name of ['app-1.log', 'app-2.log', 'app-10.log', 'other.log', 'app-x.txt', 'app+1.log'])
    writeFileSync(at(name), `${name}\n`);
  const reading = read({ path: [at('app-?.log'), at('o*'), at('missing.log')] });
  await count(reading, 3);
  writeFileSync(at('app-3.log'), 'late\n');
  writeFileSync(at('missing.log'), 'later\n');
  await count(reading, 5);
  expect(reading.lines.sort()).toEqual(['app-1.log', 'app-2.log', 'late', 'later', 'other.log']);
  expect(new Set(reading.files.values()).size).toBe(5);
});

test('from the end: what was there is passed over, also by a process that comes after a crash', async () => {
  for (const name of ['a.log', 'b.log']) writeFileSync(at(name), 'there\n');
  const first = read({ path: at('*.log'), from: 'end' });
  const checkpoint = await first.stop();
  // A crash between two would have the second file read from its beginning.
  // Both, and that nothing more is passed over.
  expect(first.saves).toEqual([3]);
  appendFileSync(at('a.log'), 'new\n');
  const second = read({ path: at('*.log'), from: 'end' }, checkpoint);
  await count(second, 1);
  expect(second.lines).toEqual(['new']);
});

test('from the end: a file that comes later is read, also if no process reads while it comes', async () => {
  const reading = { path: at('a.log'), from: 'end' } as const;
  const first = read(reading);
  await until('it has begun', () => first.saves.length === 1);
  let checkpoint = await first.stop();
  writeFileSync(at('a.log'), 'one\n');
  const second = read(reading, checkpoint);
  await count(second, 1);
  rmSync(at('a.log'));
  await until('it is left', () => second.left.length === 1);
  checkpoint = await second.stop();
  writeFileSync(at('a.log'), 'two\n');
  const third = read(reading, checkpoint);
  await count(third, 1);
  expect([...second.lines, ...third.lines]).toEqual(['one', 'two']);
});

test('a file that cannot be opened just now is not taken for one that is gone, and read from its beginning later', async () => {
  writeFileSync(at('a.log'), 'read\n');
  const first = read({ path: at('a.log') });
  await count(first, 1);
  const checkpoint = await first.stop();
  appendFileSync(at('a.log'), 'new\n');
  const error = Object.assign(new Error('too many open files'), { code: 'EMFILE', syscall: 'open' });
  const open = jest.spyOn(fs, 'open').mockRejectedValueOnce(error);
  await expect(read({ path: at('a.log') }, checkpoint).ended).rejects.toBe(error);
  open.mockRestore();
  const second = read({ path: at('a.log') }, checkpoint);
  await count(second, 1);
  expect(second.lines).toEqual(['new']);
});

/** As logrotate does it. */
function rotate(times = 1): void {
  for (let n = 9; n >= 1; n--)
    for (const end of ['', '.gz', '.xz'])
      if (existsSync(at(`a.log.${n}${end}`))) renameSync(at(`a.log.${n}${end}`), at(`a.log.${n + 1}${end}`));
  renameSync(at('a.log'), at('a.log.1'));
  if (times > 1) rotate(times - 1);
}

test('what was rotated twice while nobody read is read, compressed or not; what is gone, or cannot be read, is told', async () => {
  writeFileSync(at('a.log'), 'one\n');
  const first = read({ path: at('a.log') });
  await count(first, 1);
  let checkpoint = await first.stop();
  for (const line of ['two', 'three']) {
    appendFileSync(at('a.log'), `${line}\n`);
    rotate();
  }
  writeFileSync(at('a.log'), 'four\n');
  compress('a.log.2');
  const second = read({ path: at('a.log') }, checkpoint);
  await count(second, 3);
  expect([second.lines.sort(), second.gaps]).toEqual([['four', 'three', 'two'], []]);
  await until('the rotated ones are left', () => second.left.length === 2);
  checkpoint = await second.stop();
  // The file that was read last is a.log.4 now: the one after it cannot be read, the next is gone, the newest is damaged.
  for (const line of ['five', 'six', 'seven']) {
    rotate();
    writeFileSync(at('a.log'), `${line}\n`);
  }
  rotate();
  renameSync(at('a.log.3'), at('a.log.3.xz'));
  rmSync(at('a.log.2'));
  writeFileSync(at('a.log.1.gz'), 'no gzip');
  rmSync(at('a.log.1'));
  writeFileSync(at('a.log'), 'eight\n');
  const third = read({ path: at('a.log') }, checkpoint);
  await count(third, 1);
  expect(third.lines).toEqual(['eight']);
  expect(third.gaps.map(({ why }) => why.replace(folder(), '.'))).toEqual([
    '1 of the files are gone that were rotated after it',
    './a.log.3.xz is packed as xz, which is not read',
    expect.stringContaining('./a.log.1.gz is damaged'),
  ]);
});

test('a file that came and went behind one that is read, and compressed meanwhile, is told', async () => {
  writeFileSync(at('a.log'), 'one\n');
  const reading = read({ path: at('a.log'), leaveAfter: 60_000 });
  await count(reading, 1);
  // Of the one between them nothing is left.
  renameSync(at('a.log'), at('a.log.2'));
  compress('a.log.2');
  writeFileSync(at('a.log'), '');
  await until('it is told', () => reading.gaps.length > 0);
  expect(reading.gaps).toMatchObject([
    { after: `${at('a.log')} byte 4`, why: '1 of the files are gone that were rotated after it' },
  ]);
});

test('a compressed copy is known though the time at which it was written was rounded to the next second', async () => {
  writeFileSync(at('a.log.1'), 'one\n');
  // 0.7 ms before the next second; a program that knows milliseconds alone writes that second.
  utimesSync(at('a.log.1'), 1_796_075_415.9997, 1_796_075_415.9997);
  const reading = read({ path: at('a.log*'), leaveAfter: 60_000 });
  await count(reading, 1);
  compress('a.log.1');
  writeFileSync(at('a.log'), 'two\n');
  await count(reading, 2);
  expect(reading.lines).toEqual(['one', 'two']);
});

test('a compressed copy of a file that was read and left is not read by the next process', async () => {
  writeFileSync(at('a.log'), 'one\n');
  const first = read({ path: at('a.log') });
  await count(first, 1);
  renameSync(at('a.log'), at('a.log-20260101'));
  compress('a.log-20260101');
  writeFileSync(at('a.log'), 'two\n');
  await until('it is left', () => first.left.length === 1);
  renameSync(at('a.log'), at('a.log-20260102'));
  writeFileSync(at('a.log'), 'three\n');
  await count(first, 3);
  const second = read({ path: at('a.log') }, await first.stop());
  appendFileSync(at('a.log'), 'four\n');
  await count(second, 1);
  expect(second.lines).toEqual(['four']);
});

test('a file that is gone with what was not read of it is told, with how much of it is known', async () => {
  writeFileSync(at('a.log'), 'one\ntwo\n');
  const first = read({ path: at('a.log') });
  await count(first, 2);
  const checkpoint = await first.stop();
  rmSync(at('a.log'));
  writeFileSync(at('a.log'), 'another\n');
  const second = read({ path: at('a.log') }, checkpoint);
  await count(second, 1);
  expect(second.gaps).toEqual([
    {
      partition: first.files.get('one'),
      after: `${at('a.log')} byte 8`,
      before: at('a.log'),
      why: 'the file is gone',
      since: expect.any(Number),
    },
  ]);
});

test('a stream of an earlier version, which kept no list of what was read, reads no rotated file that is older', async () => {
  writeFileSync(at('a.log.2'), 'older\n');
  writeFileSync(at('a.log'), 'one\n');
  utimesSync(at('a.log.2'), 1_700_000_000, 1_700_000_000);
  utimesSync(at('a.log'), 1_700_000_100, 1_700_000_100);
  const first = read({ path: at('a.log') });
  await count(first, 1);
  const { partitions, ...checkpoint } = await first.stop();
  const { '': _, ...earlier } = partitions;
  renameSync(at('a.log.2'), at('a.log.3'));
  rotate(1);
  writeFileSync(at('a.log'), 'two\n');
  rotate(1);
  writeFileSync(at('a.log'), 'three\n');
  const second = read({ path: at('a.log') }, { ...checkpoint, partitions: earlier });
  await count(second, 2);
  await second.stop();
  expect(second.lines.sort()).toEqual(['three', 'two']);
});

test('a path that leads to a folder is refused; a pattern passes folders over', async () => {
  mkdirSync(at('logs.d'));
  const { ended } = read({ path: at('logs.d') });
  expect(await rejectionOf(ended)).toMatchObject({ code: 'InvalidConfig', details: { file: at('logs.d') } });
  writeFileSync(at('logs.log'), 'there\n');
  const reading = read({ path: at('logs.*') });
  await count(reading, 1);
  expect(reading.lines).toEqual(['there']);
});
