import { randomBytes } from 'node:crypto';
import { openBackends } from '../../../src/backends';
import { runCommandLine } from '../../../src/cli/command-line';
import { withSubject } from '../../../src/encryption';
import { sampleHash, sampleLineage, sampleRun, sampleValue } from '../../../src/testing/sample-records';
import { folderForEach } from '../../conformance/temporary-folder';
import { recordedOutput } from './output-streams';

const OLD = `old:${randomBytes(32).toString('base64')}`;
const NEW = `new:${randomBytes(32).toString('base64')}`;
const projectDir = folderForEach();
const before = { ...process.env };
beforeEach(() => {
  process.env['SELVAGE_KEYS'] = OLD;
});
afterEach(async () => {
  process.env = { ...before };
});

async function selvage(...words: string[]): Promise<{ code: number; text: string; document: unknown }> {
  const { output, stdout, stderr } = recordedOutput();
  const code = await runCommandLine([...words, '--project-dir', projectDir(), '--json'], output);
  const text = stdout.text + stderr.text;
  expect(text).not.toContain(OLD.slice(4));
  return {
    code,
    text,
    document: stdout.text.trim() === '' ? undefined : (JSON.parse(stdout.text) as unknown),
  };
}

/** A value of somebody, and one of nobody in particular. */
async function store(): Promise<void> {
  const backends = await openBackends({ projectDir: projectDir() });
  await backends.runHistory.startRun(
    sampleRun({ run_id: 'theirs', status: 'succeeded', details: { subject: 'user-42' } }),
  );
  const { temporal_run_id } = (await backends.runHistory.getRun('theirs'))!;
  const value = sampleValue('"theirs"');
  const record = sampleLineage({ run_id: 'theirs', temporal_run_id, output_hash: value.hash });
  await withSubject('user-42', () => backends.commit([{ record, values: [value] }]));
  await backends.dataStore.put([sampleValue('"nobody\'s"')]);
  await backends.close();
}

test('forget shows first, then does it; value and doctor tell', async () => {
  await store();
  const value = (): ReturnType<typeof selvage> => selvage('value', sampleHash('"theirs"'));
  expect((await value()).document).toMatchObject({ value: 'theirs' });
  const shown = await selvage('forget', 'user-42');
  expect(shown).toMatchObject({ code: 0, document: { forgottenAt: null, runs: [{ runId: 'theirs' }] } });
  expect((await value()).code).toBe(0);
  expect(await selvage('forget', 'user-42', '--yes')).toMatchObject({
    code: 0,
    document: { forgottenAt: expect.any(String) },
  });
  expect(await value()).toMatchObject({ code: 2, text: expect.stringContaining('SubjectForgotten') });
  expect(await selvage('forget', 'nobody')).toMatchObject({ code: 2 });
});

test('reseal frees the old key, and without the new one nothing opens', async () => {
  await store();
  process.env['SELVAGE_KEYS'] = `${NEW},${OLD}`;
  expect((await selvage('reseal')).document).toMatchObject({ values: 1, subjectKeys: 1, freed: ['old'] });
  process.env['SELVAGE_KEYS'] = OLD;
  expect(await selvage('value', sampleHash('"theirs"'))).toMatchObject({
    code: 2,
    text: expect.stringContaining('KeyMissing'),
  });
  process.env['SELVAGE_KEYS'] = NEW;
  for (const name of ['"theirs"', '"nobody\'s"'])
    expect((await selvage('value', sampleHash(name))).code).toBe(0);
});

test('doctor says with which keys, or that one is missing', async () => {
  await store();
  const finding = async (): Promise<unknown> =>
    ((await selvage('doctor')).document as { findings: { subject: string }[] }).findings.find(
      ({ subject }) => subject === 'Encryption',
    );
  process.env['SELVAGE_KEYS'] = `${NEW},${OLD}`;
  expect(await finding()).toMatchObject({
    status: 'ok',
    message: expect.stringMatching(/key new, opened also with old/),
  });
  process.env['SELVAGE_DIGEST_KEYS'] = `${NEW},plain`;
  const { message } = (await finding()) as { message: string };
  expect(message).toMatch(/digest key of new runs: new \([0-9a-f]{16}\), of others: none;/);
  expect(message).not.toContain(NEW.slice(4));
  delete process.env['SELVAGE_KEYS'];
  expect(await finding()).toMatchObject({
    status: 'error',
    message: expect.stringContaining('no keys to seal'),
  });
  delete process.env['SELVAGE_DIGEST_KEYS'];
  expect(await finding()).toMatchObject({ status: 'error', message: expect.stringContaining('"old"') });
});
