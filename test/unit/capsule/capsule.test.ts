import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { createHash } from 'node:crypto';
import { knot, map, runLocally, tapestry } from '../../../src';
import { createInMemoryBackends } from '../../../src/backends/in-memory';
import { openCapsule, readCapsule, writeCapsule } from '../../../src/capsule';
import { packCapsule, unpackCapsule } from '../../../src/capsule/format';
import { Digests } from '../../../src/encryption/digests';
import type { Backends } from '../../../src/ports';
import { rejectionOf } from '../../support/rejection-of';
import { greetings } from './pipelines';

let folder: string;
let backends: Backends;

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'selvage-capsule-'));
  backends = createInMemoryBackends();
  await runLocally(
    greetings,
    { count: 3 },
    { backends, runId: 'three', signals: { approval: { by: 'Ada' } } },
  );
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const codeOf = async (work: Promise<unknown>): Promise<string> => (await rejectionOf(work)).code;

test('a capsule has the run with its records, those of nested runs, and their values', async () => {
  const written = await writeCapsule(backends, 'three');
  expect(written).toMatchObject({ runs: 2, absent: [], tellingKnots: [], opened: 0 });
  const capsule = await openCapsule(written.html);
  expect(capsule.run).toMatchObject({ run_id: 'three', tapestry: 'greetings', status: 'failed' });
  expect(capsule.runs.map(({ run_id }) => run_id)).toEqual(['three', 'three/nested#1']);
  for (const { temporal_run_id: id } of capsule.runs) {
    const [before, after] = await Promise.all([
      backends.runHistory.getRecords(id),
      capsule.backends.runHistory.getRecords(id),
    ]);
    expect(new Map(after.map((record) => [record.knot_id, record]))).toEqual(
      new Map(before.map((record) => [record.knot_id, record])),
    );
    for (const { output_hash: hash } of after) {
      if (hash === null) continue;
      expect(await capsule.backends.dataStore.get(hash)).toEqual(
        Buffer.from((await backends.dataStore.get(hash))!),
      );
    }
  }
  const { records, values, fingerprint } = written;
  expect(capsule.check()).toEqual({ records, intact: values, leftOut: 0, unchecked: 0 });
  expect(capsule.fingerprint).toBe(fingerprint);
});

test('what is read is not written', async () => {
  const { backends: read, run } = await openCapsule((await writeCapsule(backends, 'three')).html);
  expect(await codeOf(read.runHistory.deleteRun(run.temporal_run_id))).toBe('RunHistoryReadOnly');
  expect(await codeOf(read.runHistory.commit([]))).toBe('RunHistoryReadOnly');
  expect(await codeOf(read.dataStore.delete('sha256:'))).toBe('RunHistoryReadOnly');
  expect(await codeOf(read.commit([]))).toBe('RunHistoryReadOnly');
});

describe('bounds', () => {
  test('a value over the bound is left out, with the reason; the rest is there', async () => {
    const { html, absent } = await writeCapsule(backends, 'three', { maxValueBytes: 60 });
    expect(absent.length).toBeGreaterThan(0);
    expect(absent.every(({ code, size }) => code === 'NotKept' && size! > 60)).toBe(true);
    const { dataStore } = (await openCapsule(html)).backends;
    expect(await codeOf(dataStore.get(absent[0]!.hash))).toBe('NotKept');
    expect(await dataStore.has(absent[0]!.hash)).toBe(false);
  });

  test('all values together keep to theirs, and what a failure was made of goes first', async () => {
    const { valueBytes, html, run } = await writeCapsule(backends, 'three', { maxTotalBytes: 30 });
    expect(valueBytes).toBeLessThanOrEqual(30);
    const { dataStore, runHistory } = (await openCapsule(html)).backends;
    const [total] = await runHistory.getRecords(run.temporal_run_id, ['total']);
    expect(await dataStore.has(total!.output_hash!)).toBe(true);
  });

  test('an unknown run, and bounds that are none', async () => {
    expect(await codeOf(writeCapsule(backends, 'nobody'))).toBe('UnknownRun');
    expect(await codeOf(writeCapsule(backends, 'three', { maxValueBytes: -1 }))).toBe('InvalidConfig');
  });
});

describe('redaction', () => {
  const shownValues = async (html: string): Promise<string> => {
    const { backends: read } = await openCapsule(html);
    const page = await read.dataStore.list({ limit: 1_000 });
    const texts = await Promise.all(
      page.items.map(async ({ hash }) => Buffer.from((await read.dataStore.get(hash))!).toString()),
    );
    return texts.join('\n');
  };

  test('by path: the hash stays, the value is Redacted, the rest of it can be seen', async () => {
    const { html, absent } = await writeCapsule(backends, 'three', { redact: ['people.*.email'] });
    expect(absent).toEqual([
      expect.objectContaining({
        code: 'Redacted',
        rest: expect.stringContaining('"name":"person 1"') as string,
      }),
    ]);
    expect(absent[0]!.rest).not.toContain('example.org');
    expect(html).not.toContain('example.org');
    expect(await shownValues(html)).not.toContain('example.org');
    const { backends: read, run } = await openCapsule(html);
    const [people] = await read.runHistory.getRecords(run.temporal_run_id, ['people']);
    expect(people!.output_hash).toBe(absent[0]!.hash);
    expect(await codeOf(read.dataStore.get(people!.output_hash!))).toBe('Redacted');
  });

  test('of a map, its elements are redacted with it; of a knot, what its error says', async () => {
    const { html, absent } = await writeCapsule(backends, 'three', { redact: ['greeted', 'broken'] });
    expect(absent.filter(({ code }) => code === 'Redacted')).toHaveLength(4);
    expect(await shownValues(html)).not.toContain('Hello');
    const { backends: read, run } = await openCapsule(html);
    const [broken] = await read.runHistory.getRecords(run.temporal_run_id, ['broken']);
    expect(broken!.extra).toMatchObject({
      error: { type: 'RangeError', message: '(redacted)', traceback: '' },
    });
  });

  test('what a redacted error says is nowhere: not in what was made of it, nor of its attempts, nor in logs beside a redacted path', async () => {
    const say = knot('say', ({ word }: { word: string }, context): string => {
      context.logger.info({}, `the word is ${word}`);
      if (context.attempt === 1) throw new Error(`first ${word}`);
      if (word === 'sesame') throw new Error(`last ${word}`);
      return word;
    });
    const tell = knot('tell', ({ word }: { word: string }, context): { word: string; length: number } => {
      context.logger.info({}, `the word is ${word}`);
      return { word, length: word.length };
    });
    const words = knot('words', () => ['open', 'sesame']);
    const cave = tapestry('cave', () => ({
      said: map(
        { over: words({}, { id: 'words' }), each: say, bind: 'word' },
        { id: 'said', retry: { maximumAttempts: 2, initialInterval: 1 } },
      ),
      told: tell({ word: 'sesame' }, { id: 'told' }),
    }));
    const own = createInMemoryBackends();
    await runLocally(cave, {}, { backends: own, runId: 'cave' });
    const { html } = await writeCapsule(own, 'cave', { redact: ['words', 'said[1]', 'told.word'] });
    const document = unpackCapsule(html, 'test');
    // A constant is part of the plan, and stays.
    expect(JSON.stringify({ ...document, plans: [] })).not.toContain('sesame');
    const elements = document.records.filter(({ knot_id: id }) => id.startsWith('said['));
    expect(elements.map(({ extra }) => (extra as { attempts?: unknown[] }).attempts?.length)).toEqual([1, 1]);
    expect(document.absent.map(({ rest }) => rest)).toContain('{"length":6,"word":{"$type":"redacted"}}');
  });

  test('it is said where else the redacted text is', async () => {
    const { tellingKnots } = await writeCapsule(backends, 'three', { redact: ['greeted[1]'] });
    expect(tellingKnots).toEqual(['greeted']);
  });

  test('what leads nowhere is refused, for it would let out what was meant', async () => {
    expect(await codeOf(writeCapsule(backends, 'three', { redact: ['peolpe'] }))).toBe('UnknownKnot');
    expect(await codeOf(writeCapsule(backends, 'three', { redact: ['people.*.emial'] }))).toBe(
      'InvalidConfig',
    );
  });

  test('without values there are hashes alone', async () => {
    const { html, values, absent } = await writeCapsule(backends, 'three', { values: false });
    expect(values).toBe(0);
    expect(new Set(absent.map(({ code }) => code))).toEqual(new Set(['Redacted']));
    expect(await shownValues(html)).toBe('');
  });
});

describe('a file that is not as it was made is an error', () => {
  const block = (document: object, change: { format?: number; bytes?: number } = {}): string => {
    const json = JSON.stringify(document);
    const sha256 = createHash('sha256').update(json).digest('hex');
    const { format = 1, bytes = Buffer.byteLength(json) } = change;
    return `<script type="application/octet-stream" id="selvage-capsule" data-format="${format}" data-bytes="${bytes}" data-sha256="${sha256}">${gzipSync(json).toString('base64')}</script>`;
  };

  test('foreign, cut off at any place, or changed', async () => {
    const { html } = await writeCapsule(backends, 'three');
    expect(await codeOf(openCapsule('<html>a page</html>'))).toBe('CapsuleDamaged');
    expect(await codeOf(openCapsule(''))).toBe('CapsuleDamaged');
    const end = html.lastIndexOf('</script>');
    for (let length = 0; length < end + 5; length += 97)
      expect(await codeOf(openCapsule(html.slice(0, length)))).toBe('CapsuleDamaged');
    const at = html.indexOf('>', html.lastIndexOf('id="selvage-capsule"')) + 200;
    const other = html[at] === 'A' ? 'B' : 'A';
    expect(await codeOf(openCapsule(html.slice(0, at) + other + html.slice(at + 1)))).toBe('CapsuleDamaged');
    expect(await codeOf(openCapsule(`${html.slice(0, at)}?${html.slice(at)}`))).toBe('CapsuleDamaged');
  });

  test('malformed inside', async () => {
    expect(await codeOf(openCapsule(block({})))).toBe('CapsuleDamaged');
    expect(await codeOf(openCapsule(block([1])))).toBe('CapsuleDamaged');
    expect(await codeOf(openCapsule(block({ format: 1, runs: [], records: 'no' })))).toBe('CapsuleDamaged');
  });

  test('of a newer format', async () => {
    expect(await codeOf(openCapsule(block({}, { format: 3 })))).toBe('CapsuleTooNew');
  });

  test('what unpacks to more than it says, or says too much', async () => {
    const bomb = block({ zeros: '0'.repeat(50_000_000) }, { bytes: 1_000 });
    expect(bomb.length).toBeLessThan(200_000);
    expect(await codeOf(openCapsule(bomb))).toBe('CapsuleDamaged');
    expect(await codeOf(openCapsule(block({}, { bytes: 10_000_000_000 })))).toBe('CapsuleTooLarge');
  });

  test('a value or a plan that is another one, though all other hashes fit', async () => {
    const document = unpackCapsule((await writeCapsule(backends, 'three')).html, 'test');
    const packed = (change: Partial<typeof document>): string =>
      packCapsule({ ...document, ...change }, '<body></body>').html;
    const [first, ...rest] = document.values;
    const forged = await openCapsule(packed({ values: [{ ...first!, text: '"forged"' }, ...rest] }));
    expect(await codeOf(forged.backends.dataStore.get(first!.hash))).toBe('ValueDamaged');
    expect(() => forged.check()).toThrow(/is damaged: its bytes are not those of its hash/);
    const plans = document.plans.map((plan) => ({ ...plan, text: `${plan.text} ` }));
    expect(await codeOf(openCapsule(packed({ plans })))).toBe('CapsuleDamaged');
    expect(await codeOf(openCapsule(packed({ runs: document.runs.slice(1) })))).toBe('CapsuleDamaged');
  });

  test('no file, and what is none', async () => {
    expect(await codeOf(readCapsule(path.join(folder, 'missing.html')))).toBe('FileNotFound');
    expect(await codeOf(readCapsule(folder))).toBe('FileNotLoadable');
    writeFileSync(path.join(folder, 'bytes.html'), Buffer.from([0, 255, 254, 0]));
    expect(await codeOf(readCapsule(path.join(folder, 'bytes.html')))).toBe('CapsuleDamaged');
  });
});

test('a redacted value counts as left out, and as nothing else', async () => {
  const { html, values } = await writeCapsule(backends, 'three', { redact: ['people.*.email'] });
  expect((await openCapsule(html)).check()).toMatchObject({ intact: values, leftOut: 1, unchecked: 0 });
});

describe('files of format 1, as they were made before fingerprints', () => {
  const recorded = (name: string): string => path.join(__dirname, '../../golden/recorded', name);

  test('are opened; their values are checked, and nothing says that their records were', async () => {
    const capsule = await readCapsule(recorded('capsule-1.html'));
    expect(capsule.fingerprint).toBeUndefined();
    expect(capsule.check()).toEqual({ records: 13, intact: 10, leftOut: 1, unchecked: 0 });
  });

  test('hashes made with a digest key are checked with it; without it, no value counts as intact', async () => {
    const file = recorded('capsule-1-keyed.html');
    const digests = Digests.of(`d:${Buffer.alloc(32, 2).toString('base64')}`);
    expect((await readCapsule(file, { digests })).check()).toMatchObject({ intact: 10, unchecked: 0 });
    expect((await readCapsule(file)).check()).toEqual({ records: 13, intact: 0, leftOut: 1, unchecked: 10 });
  });
});

test('nothing of the data is markup', async () => {
  const { html } = await writeCapsule(backends, 'three');
  const begin = html.indexOf('>', html.lastIndexOf('id="selvage-capsule"')) + 1;
  expect(html.slice(begin, html.indexOf('</script>', begin))).toMatch(/^[\w+/=]+$/);
});
