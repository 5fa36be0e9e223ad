import { randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import * as path from 'node:path';
import type { Payload, PayloadCodec } from '@temporalio/common';
import { openBackends } from '../../src/backends';
import { createEncryption, forgetSubject, type Encryption } from '../../src/encryption';
import { everyWay, inner, step } from '../support/every-way';
import { historiesOf } from '../support/history';
import { closeAll, onClose, openSelvage, temporaryFolder, unique } from '../support/open-selvage';
import { rejectionOf } from '../support/rejection-of';

afterEach(closeAll);

/** Is in every value, and nowhere else. */
const SECRET = 'Geheimnis-7f3a';

function encryption(): Encryption {
  return createEncryption({ keys: `a:${randomBytes(32).toString('base64')}`, subjectKeys: 'memory:' });
}

/** Values in files of their own, so that what a search finds is a value's, or a record's. */
async function sealed(folder: string, own: Encryption) {
  const backends = await openBackends({
    url: 'sqlite:selvage.db',
    data: 'file:values',
    projectDir: folder,
    environment: {},
    encryption: own,
  });
  onClose(() => backends.close());
  return backends;
}

async function filesWith(folder: string, needle: string): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = path.join(entry.parentPath ?? entry.path, entry.name);
    const bytes = await readFile(file);
    if (bytes.includes(needle) || bytes.includes(Buffer.from(needle).toString('base64').slice(0, -4)))
      found.push(file);
  }
  return found;
}

test.each([undefined, 'user-42'])(
  'with keys, no value is readable in the database, the folder or the history (subject: %s)',
  async (subject) => {
    const folder = await temporaryFolder();
    const own = encryption();
    const selvage = await openSelvage({
      tapestries: [everyWay, inner, step],
      backends: await sealed(folder, own),
      encryption: own,
    });
    const run = await selvage.start(
      everyWay,
      { name: SECRET, n: 40, count: 3 },
      { runId: unique('sealed'), ...(subject && { subject }) },
    );
    await run.signal('said', `${SECRET} said`);
    const { outputs, status } = await run.result();
    expect(status).toBe('succeeded');
    expect(outputs['end']).toBe(`${SECRET} ${SECRET} said`);
    expect(await filesWith(folder, SECRET)).toEqual([]);
    const history = await historiesOf(selvage, run.runId);
    expect(history).toContain('gathered');
    expect(history).not.toContain(SECRET);
    // It would have been found: what opens the payloads shows what is in them.
    const { memo } = await selvage.client.workflow.getHandle(run.runId).describe();
    expect(memo).toMatchObject({ selvage: { trigger: 'code', ...(subject && { subject, inlineLimit: 0 }) } });

    if (subject === undefined) return;
    const record = (await selvage.backends.runHistory.getRun(run.runId))!;
    expect(record.details).toMatchObject({ subject });
    const children = (await selvage.runs.list()).items.filter(
      ({ parent_run_id }) => parent_run_id === run.runId,
    );
    expect(children.length).toBeGreaterThan(1);
    for (const { details } of children) expect(details['subject']).toBe(subject);
    await forgetSubject(selvage.backends, subject);
    expect(await rejectionOf(run.result())).toMatchObject({ code: 'SubjectForgotten' });
    expect(await rejectionOf(run.values())).toMatchObject({ code: 'SubjectForgotten' });
    expect((await run.lineage()).length).toBeGreaterThan(5);
    expect(
      await rejectionOf(selvage.start(everyWay, { name: 'x', n: 40, count: 3 }, { subject })),
    ).toMatchObject({
      code: 'SubjectForgotten',
    });
  },
);

test('with payloads left open, no value of a subject is in the history all the same', async () => {
  const own = createEncryption({
    keys: `a:${randomBytes(32).toString('base64')}`,
    subjectKeys: 'memory:',
    payloads: false,
  });
  const folder = await temporaryFolder();
  const backends = await sealed(folder, own);
  const selvage = await openSelvage({ tapestries: [everyWay, inner, step], backends, encryption: own });
  const run = await selvage.start(
    everyWay,
    { name: SECRET, n: 40, count: 3 },
    { runId: unique('open'), subject: 'a' },
  );
  await run.signal('said', SECRET);
  expect((await run.result()).status).toBe('succeeded');
  const history = await historiesOf(selvage, run.runId);
  expect(history).toContain('"subject":"a"');
  expect(history).not.toContain(SECRET);
  expect(await filesWith(folder, SECRET)).toEqual([]);
});

test("a user's own codec works below the seal", async () => {
  const seen: string[] = [];
  const reversing: PayloadCodec = {
    encode: async (payloads) => payloads.map(reversed),
    async decode(payloads) {
      seen.push(...payloads.map(({ data }) => Buffer.from(data ?? []).toString('latin1')));
      return payloads.map(reversed);
    },
  };
  const own = encryption();
  const selvage = await openSelvage({
    tapestries: [inner],
    backends: await sealed(await temporaryFolder(), own),
    encryption: own,
    dataConverter: { payloadCodecs: [reversing] },
  });
  const run = await selvage.start(inner, { name: SECRET }, { runId: unique('codec') });
  expect(await run.values()).toEqual({ part: `${SECRET}!` });
  const backwards = [...SECRET].reverse().join('');
  expect(seen.some((text) => text.includes(backwards))).toBe(true);
  expect(await historiesOf(selvage, run.runId)).not.toContain(backwards);
});

function reversed(payload: Payload): Payload {
  return { ...payload, data: Buffer.from(payload.data ?? []).reverse() };
}
