import { createHash } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { runLocally } from '../../src';
import { createInMemoryBackends } from '../../src/backends/in-memory';
import { openCapsule, writeCapsule } from '../../src/capsule';
import { SelvageError } from '../../src/errors';
import { runs } from '../support/thorough';
import { greetings } from '../unit/capsule/pipelines';

/** A capsule in the hands of somebody who knows its form, and makes new all hashes that are asked for. */
interface Taken {
  readonly html: string;
  readonly json: string;
  /** The part of the text that the data has. */
  readonly at: number;
  readonly end: number;
}

const OPENING = '<script type="application/octet-stream" id="selvage-capsule"';
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

let taken: Taken;

beforeAll(async () => {
  const backends = createInMemoryBackends();
  const signals = { approval: { by: 'Ada' } };
  await runLocally(greetings, { count: 3 }, { backends, runId: 'three', signals });
  const { html } = await writeCapsule(backends, 'three', { redact: ['people.*.email'] });
  const at = html.lastIndexOf(OPENING);
  const end = html.indexOf('</script>', at);
  const base64 = html.slice(html.indexOf('>', at) + 1, end);
  taken = { html, at, end, json: gunzipSync(Buffer.from(base64, 'base64')).toString() };
});

/** With other data, and the outer hash that belongs to it. */
function withData(json: string, format = 2): string {
  const head = `${OPENING} data-format="${format}" data-bytes="${Buffer.byteLength(json)}" data-sha256="${sha256(json)}">`;
  return (
    taken.html.slice(0, taken.at) + head + gzipSync(json).toString('base64') + taken.html.slice(taken.end)
  );
}

/** With the fingerprint that belongs to it, too. */
function fingerprinted({ fingerprint: _, ...document }: Document): string {
  const covered = JSON.stringify(document);
  return `${covered.slice(0, -1)},"fingerprint":"sha256:${sha256(covered)}"}`;
}

/** What is found at once, or when the values are checked; undefined if all counts as it was made. */
async function complaint(html: string): Promise<string | undefined> {
  try {
    const { fingerprint, check } = await openCapsule(html);
    check();
    return fingerprint === undefined ? 'no fingerprint' : undefined;
  } catch (error) {
    if (!SelvageError.is(error)) throw error;
    return error.code;
  }
}

type Part = Record<string, unknown> | unknown[];
interface Document {
  values: { hash: string; text?: string; sha256?: string }[];
  absent: { hash: string; rest?: string }[];
  plans: { hash: string; text: string }[];
  records: Record<string, unknown>[];
  fingerprint?: string;
  format: number;
  page?: string;
}

function partsOf(value: unknown): Part[] {
  if (typeof value !== 'object' || value === null) return [];
  return [value as Part, ...Object.values(value).flatMap(partsOf)];
}

const isLeaf = (value: unknown): boolean => typeof value !== 'object' || value === null;
const other = (value: unknown): unknown =>
  typeof value === 'string'
    ? `${value}0`
    : typeof value === 'number'
      ? value + 1
      : value === null
        ? 'null'
        : null;

/** Changes of a document, each by two random numbers below one. */
const CHANGES: Record<string, (document: Document, x: number, y: number) => void> = {
  'one thing is another': (document, x, y) => {
    const part = pick(
      partsOf(document).filter((each) => Object.values(each).some(isLeaf)),
      x,
    ) as Record<string, unknown>;
    const name = pick(
      Object.keys(part).filter((each) => isLeaf(part[each])),
      y,
    );
    part[name] = other(part[name]);
  },
  'something is gone': (document, x, y) => {
    const part = pick(
      partsOf(document).filter((each) => Object.keys(each).length > 0),
      x,
    );
    const name = pick(Object.keys(part), y);
    if (Array.isArray(part)) part.splice(Number(name), 1);
    else delete part[name];
  },
  'the end of a list is gone': (document, x, y) => {
    const list = pick(listsOf(document, 1), x);
    list.length = Math.floor(y * list.length);
  },
  'something is there twice': (document, x, y) => {
    const list = pick(listsOf(document, 1), x);
    list.splice(Math.floor(y * (list.length + 1)), 0, pick(list, y));
  },
  'two things have changed places': (document, x, y) => {
    const list = pick(listsOf(document, 2), x);
    const at = Math.floor(y * (list.length - 1));
    [list[at], list[at + 1]] = [list[at + 1], list[at]];
  },
  'two values have changed their texts': ({ values }, x, y) => {
    const [one, two] = [pick(values, x), pick(values, y)] as [{ text?: string }, { text?: string }];
    [one.text, two.text] = [two.text!, one.text!];
  },
  'a field is added': (document, x, y) => {
    const part = pick(
      partsOf(document).filter((each) => !Array.isArray(each)),
      x,
    ) as Record<string, unknown>;
    part[pick(['sha256', 'base64', 'text', 'rest', 'hash', 'code_hash', 'more', '__proto'], y)] = 'added';
  },
  'a value is another, with a hash beside it': ({ values }, x) => {
    const value = pick(values, x);
    value.text = `[${value.text}]`;
    value.sha256 = sha256(value.text);
  },
};

const pick = <T>(list: readonly T[], x: number): T => list[Math.floor(x * list.length)]!;
const listsOf = (document: Document, least: number): unknown[][] =>
  partsOf(document).filter((each): each is unknown[] => Array.isArray(each) && each.length >= least);

const fraction = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const numRuns = runs(60, 1_250);

test('as it was made, there is nothing to complain of', async () => {
  expect(await complaint(taken.html)).toBeUndefined();
  expect(await complaint(withData(taken.json))).toBeUndefined();
});

test.each(Object.keys(CHANGES))('%s: told, with a new outer hash', async (name) => {
  await fc.assert(
    fc.asyncProperty(fraction, fraction, async (x, y) => {
      const document = JSON.parse(taken.json) as Document;
      CHANGES[name]!(document, x, y);
      const json = JSON.stringify(document);
      fc.pre(json !== taken.json);
      const found = await complaint(withData(json));
      expect(found).toMatch(/^(?:Capsule|Value)/);
    }),
    { numRuns },
  );
});

test('values, plans and entries that do not belong together: told, with all hashes made new, in both formats', async () => {
  const forged: Record<string, (document: Document, x: number, y: number) => void> = {
    ...pickFrom('two values have changed their texts', 'a value is another, with a hash beside it'),
    'a value is gone': ({ values }, x) => void values.splice(Math.floor(x * values.length), 1),
    'a value is there twice': ({ values }, x) => void values.push(pick(values, x)),
    'a value is also left out': ({ values, absent }, x) =>
      void absent.push({ ...absent[0]!, hash: pick(values, x).hash }),
    'a record is there twice': ({ records }, x) => void records.push(pick(records, x)),
    'a plan is another': ({ plans }, x) => void (pick(plans, x).text += ' '),
    'a record is of another run': ({ records }, x) => void (pick(records, x)['temporal_run_id'] = 'another'),
  };
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...Object.keys(forged)),
      fc.constantFrom(1, 2),
      fraction,
      fraction,
      async (name, format, x, y) => {
        const document = JSON.parse(taken.json) as Document;
        const before = JSON.stringify(document);
        forged[name]!(document, x, y);
        fc.pre(JSON.stringify(document) !== before);
        const { fingerprint: _fingerprint, page: _page, ...first } = document;
        const json = format === 1 ? JSON.stringify({ ...first, format }) : fingerprinted(document);
        expect(await complaint(withData(json, format))).toMatch(/^(?:Capsule|Value)Damaged$/);
      },
    ),
    { numRuns },
  );
});

test('what counts as of the first format does not count as checked', async () => {
  const { fingerprint: _, page: __, ...first } = JSON.parse(taken.json) as Document;
  first.records[0]!['worker'] = 'another';
  expect(await complaint(withData(JSON.stringify({ ...first, format: 1 }), 1))).toBe('no fingerprint');
  // With what is known of it in the wrong place.
  expect(await complaint(withData(JSON.stringify({ ...first, format: 1 }), 2))).toBe('CapsuleDamaged');
  expect(await complaint(withData(taken.json, 1))).toBe('CapsuleDamaged');
});

test('the file is cut off, or a character of it is another, is gone, or there is one more: told, or all data is the same', async () => {
  const changed = fc
    .tuple(fraction, fc.constantFrom('cut', 'other', 'gone', 'more'), fc.boolean())
    .map(([x, how, inData]) => {
      const { html, at: begin, end } = taken;
      const at = inData ? begin + Math.floor(x * (end - begin)) : Math.floor(x * html.length);
      if (how === 'cut') return html.slice(0, at);
      const put = { other: html[at] === 'A' ? 'B' : 'A', gone: '', more: 'A' }[how];
      return html.slice(0, at) + put + html.slice(how === 'more' ? at : at + 1);
    });
  await fc.assert(
    fc.asyncProperty(changed, async (html) => {
      // The head of gzip has a few bytes that say nothing of the data.
      if ((await complaint(html)) === undefined)
        expect((await openCapsule(html)).fingerprint).toBe((await openCapsule(taken.html)).fingerprint);
    }),
    { numRuns },
  );
});

function pickFrom(...names: string[]): typeof CHANGES {
  return Object.fromEntries(names.map((name) => [name, CHANGES[name]!]));
}
