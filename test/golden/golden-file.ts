import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib';

import { SEED } from './tapestries';

/** By subject, by place, by field. */
export type Golden = Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, unknown>>>>>>;

/** Set by scripts/record-golden.ts: the folder that the files are written to. */
const RECORD_VARIABLE = 'SELVAGE_RECORD_GOLDEN';
const SHOWN = 20;

const fileOf = (folder: string, host: string): string => path.join(folder, `${host}.json.br`);

/**
 * Compares what a host has come to with what is recorded of it; or records it.
 *
 * @param compared the fields of a place that are compared. Default: all
 */
export function expectGolden(
  host: string,
  actual: Golden,
  compared: (subject: string, fields: Record<string, unknown>) => Record<string, unknown> = (_, fields) =>
    fields,
): void {
  const folder = process.env[RECORD_VARIABLE];
  // As it is after it was written, with all names in order.
  const plain = inOrder(JSON.parse(JSON.stringify(actual))) as Golden;
  if (folder) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(fileOf(folder, host), pack(plain));
    return;
  }
  const file = fileOf(path.join(__dirname, 'recorded'), host);
  if (!existsSync(file)) throw new Error(`${file} is missing. Record it: npx tsx scripts/record-golden.ts`);
  const recorded = JSON.parse(brotliDecompressSync(readFileSync(file)).toString('utf8')) as Golden;
  const trimmed = (golden: Golden): Golden =>
    mapped(golden, (places, subject) => mapped(places, (fields) => compared(subject, { ...fields })));
  const found = mostTellingFirst([...differences(host, trimmed(recorded), trimmed(plain))]);
  if (found.length === 0) return;
  const more = found.length - SHOWN;
  throw new Error(
    [
      `${found.length} differences between what runs come to ${host} and what is recorded of it (seed ${SEED}):`,
      ...found.slice(0, SHOWN),
      ...(more > 0 ? [`and ${more} more`] : []),
      'Where the change is meant, say so in CHANGELOG.md and record it: npx tsx scripts/record-golden.ts',
    ].join('\n'),
  );
}

function mapped<T, R>(
  given: Readonly<Record<string, T>>,
  change: (value: T, name: string) => R,
): Record<string, R> {
  return Object.fromEntries(Object.entries(given).map(([name, value]) => [name, change(value, name)]));
}

function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(members.map(([name, member]) => [name, inOrder(member)]));
}

function pack(golden: Golden): Buffer {
  const text = Buffer.from(`${JSON.stringify(golden)}\n`);
  return brotliCompressSync(text, {
    params: {
      [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
      [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
      [constants.BROTLI_PARAM_SIZE_HINT]: text.length,
    },
  });
}

interface Difference {
  readonly text: string;
  /** Only the numbers that stand for hashes of code are others, for one before them has come or gone. */
  readonly isOfNumbers?: boolean;
}

const mostTellingFirst = (found: readonly Difference[]): string[] =>
  [...found.filter((one) => !one.isOfNumbers), ...found.filter((one) => one.isOfNumbers)].map(
    ({ text }) => text,
  );

const withoutNumbers = (text: string): string => text.replace(/"(\S+) \d+"/g, '"$1"');

function* differences(host: string, expected: Golden, actual: Golden): Iterable<Difference> {
  for (const subject of names(expected, actual)) {
    const [was, is] = [expected[subject], actual[subject]];
    if (!was || !is) {
      yield {
        text: `${subject}, ${host}: ${was ? 'recorded, and did not run' : 'ran, and is not recorded'}`,
      };
      continue;
    }
    for (const place of names(was, is)) {
      const where = `${subject}, ${host}, ${place}`;
      const [before, after] = [was[place], is[place]];
      if (!before || !after) {
        yield { text: `${where}: expected ${text(before)}, got ${text(after)}` };
        continue;
      }
      for (const field of names(before, after)) {
        const [one, other] = [text(before[field]), text(after[field])];
        if (one === other) continue;
        const isOfNumbers = withoutNumbers(one) === withoutNumbers(other);
        yield { text: `${where}, ${field}: expected ${one}, got ${other}`, isOfNumbers };
      }
    }
  }
}

const names = (one: object, other: object): string[] => [
  ...new Set([...Object.keys(one), ...Object.keys(other)]),
];

const text = (value: unknown): string => (value === undefined ? 'nothing' : JSON.stringify(value));
