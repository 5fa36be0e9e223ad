import { randomBytes } from 'node:crypto';
import { knot, runLocally, tapestry } from '../../../src';
import { createInMemoryBackends } from '../../../src/backends/in-memory';
import { openCapsule, writeCapsule, type Capsule } from '../../../src/capsule';
import { packCapsule, unpackCapsule } from '../../../src/capsule/format';
import { nodeSha256 } from '../../../src/node/node-sha256';
import type { Backends } from '../../../src/ports';
import {
  createEncryption,
  forgetSubject,
  sealBackends,
  withSubject,
  type Encryption,
} from '../../../src/encryption';
import { rejectionOf } from '../../support/rejection-of';

const SECRET = 'ada@example.org';
const SUBJECT = 'customer-4711';
const key = (id = 'a'): string => `${id}:${randomBytes(32).toString('base64')}`;

const fetched = knot('fetched', () => ({ email: SECRET }));
const sent = knot('sent', ({ to }: { to: { email: string } }): number => {
  throw new Error(`no mailbox for ${to.email}`);
});
const mail = tapestry('mail', () => {
  const to = fetched({}, { id: 'fetched' });
  return { to, done: sent({ to }, { id: 'sent' }) };
});

let plain: Backends;
let encryption: Encryption;
let sealed: Backends;

beforeEach(async () => {
  plain = createInMemoryBackends();
  encryption = createEncryption({ keys: key(), digestKeys: key(), subjectKeys: 'memory:' });
  sealed = sealBackends(plain, encryption);
  await runLocally(mail, {}, { backends: sealed, runId: 'open-to-all' });
  await withSubject(SUBJECT, () => runLocally(mail, {}, { backends: sealed, runId: 'of-a-customer' }));
  const { temporal_run_id: id } = (await plain.runHistory.getRun('of-a-customer'))!;
  await plain.runHistory.changeRun(id, { details: { subject: SUBJECT } });
});

/** All that the file says: the page, and its data when it is unpacked. */
function said(html: string): string {
  return html + JSON.stringify(unpackCapsule(html, 'test'));
}

async function hashOf({ backends, run }: Capsule, knotId: string): Promise<string> {
  const [record] = await backends.runHistory.getRecords(run.temporal_run_id, [knotId]);
  return record!.output_hash!;
}

test.each(['open-to-all', 'of-a-customer'])(
  '%s: with the key, values are in the file, and it is said how many',
  async (run) => {
    const { html, opened, values, absent } = await writeCapsule(sealed, run);
    expect({ opened, absent }).toEqual({ opened: values, absent: [] });
    expect(values).toBeGreaterThan(0);
    const capsule = await openCapsule(html);
    const hash = await hashOf(capsule, 'fetched');
    expect(Buffer.from((await capsule.backends.dataStore.get(hash))!).toString()).toContain(SECRET);
  },
);

test.each(['open-to-all', 'of-a-customer'])(
  '%s: without the key, nothing of a value is in the file',
  async (run) => {
    for (const backends of [
      plain,
      sealBackends(plain, createEncryption({ keys: key('b'), subjectKeys: 'memory:' })),
    ]) {
      const { html, opened, values, absent } = await writeCapsule(backends, run);
      expect({ opened, values }).toEqual({ opened: 0, values: 0 });
      expect(absent.length).toBeGreaterThan(0);
      const document = unpackCapsule(html, 'test');
      expect(JSON.stringify([document.values, document.absent])).not.toContain(SECRET);
      const capsule = await openCapsule(html);
      const { code } = await rejectionOf(capsule.backends.dataStore.get(await hashOf(capsule, 'fetched')));
      expect(['KeyMissing', 'ValueMissing', 'SubjectForgotten']).toContain(code);
    }
  },
);

test('of a subject that was forgotten, the value is left out, with the reason', async () => {
  await forgetSubject(sealed, SUBJECT);
  const { values, absent } = await writeCapsule(sealed, 'of-a-customer');
  expect({ values, codes: absent.map(({ code }) => code) }).toEqual({
    values: 0,
    codes: absent.map(() => 'SubjectForgotten'),
  });
});

test('--redact-subject: with the key too, neither values nor errors nor the name of the subject', async () => {
  const { html, values, opened } = await writeCapsule(sealed, 'of-a-customer', { redactSubject: true });
  expect({ values, opened }).toEqual({ values: 0, opened: 0 });
  expect(said(html)).not.toContain(SECRET);
  expect(said(html)).not.toContain(SUBJECT);
  // A run for nobody is not meant.
  expect((await writeCapsule(sealed, 'open-to-all', { redactSubject: true })).values).toBeGreaterThan(0);
});

test('hashes made with a key are checked with it; without it, values are read and count as not checked', async () => {
  const { html, values } = await writeCapsule(sealed, 'open-to-all');
  const { digests } = encryption;
  expect((await openCapsule(html, { digests })).check()).toMatchObject({ intact: values, unchecked: 0 });
  const { backends, check } = await openCapsule(html);
  expect(check()).toMatchObject({ intact: 0, unchecked: values });
  const [value] = unpackCapsule(html, 'test').values;
  expect(Buffer.from((await backends.dataStore.get(value!.hash))!).toString()).toBe(value!.text);
});

test('a value that was put in the place of another is damaged for who has the digest key', async () => {
  const document = unpackCapsule((await writeCapsule(sealed, 'open-to-all')).html, 'test');
  const values = document.values.map((value) => ({ ...value, text: '"forged"' }));
  const { html } = packCapsule({ ...document, values }, '<body></body>');
  const { dataStore } = (await openCapsule(html, { digests: encryption.digests })).backends;
  expect((await rejectionOf(dataStore.get(values[0]!.hash))).code).toBe('ValueDamaged');
});

test('what is left out of a run with a digest key has no plain digest in the file', async () => {
  const { html } = await writeCapsule(sealed, 'open-to-all', { values: false });
  expect(said(html)).not.toContain(nodeSha256(Buffer.from(JSON.stringify({ email: SECRET }))));
  expect(said(html)).not.toContain(SECRET);
});
