import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { StatusTokens, statusSecrets } from '../../../../src/adapters/webhook';
import { thrownBy } from '../../../support/thrown-by';

const FIRST = 'the first secret, of 32 characters';
const SECOND = 'the second secret, of 32 characters';

describe('tokens', () => {
  const grant = { runId: 'orders~0123456789abcdef01234567', outputs: true };

  test('say what they allow, to whoever has the secret', () => {
    for (const each of [grant, { ...grant, outputs: false }, { runId: 'täglich/2024', outputs: true }])
      expect(new StatusTokens([FIRST]).read(new StatusTokens([FIRST]).tokenOf(each))).toEqual(each);
  });

  test('are good in a URL, and cannot be guessed from the run id', () => {
    const token = new StatusTokens([FIRST]).tokenOf(grant);
    expect(token).toMatch(/^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{43}$/);
    expect(new StatusTokens([SECOND]).tokenOf(grant)).not.toBe(token);
  });

  test('outlive a change of the secret while the old one is kept', () => {
    const token = new StatusTokens([FIRST]).tokenOf(grant);
    expect(new StatusTokens([SECOND, FIRST]).read(token)).toEqual(grant);
    expect(new StatusTokens([SECOND]).read(token)).toBeUndefined();
  });

  test('that were changed allow nothing', () => {
    const tokens = new StatusTokens([FIRST]);
    const token = tokens.tokenOf({ ...grant, outputs: false });
    const [, signature] = token.split('.');
    const more = Buffer.from(`o${grant.runId}`).toString('base64url');
    const changed = [
      '',
      '.',
      token.slice(0, -1),
      `${token}A`,
      `${token}.`,
      `.${signature}`,
      `${more}.${signature}`,
      token.toUpperCase(),
    ];
    for (const each of changed) expect(tokens.read(each)).toBeUndefined();
  });
});

describe('the secret', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(path.join(tmpdir(), 'selvage-test-'))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const secrets = (given?: string | string[], environment = {}): string[] =>
    statusSecrets(given, environment, () => folder);

  test('is the one that was given, else that of the environment', () => {
    const environment = { SELVAGE_STATUS_SECRET: `${'a'.repeat(32)} ${'b'.repeat(32)}` };
    expect(secrets(FIRST, environment)).toEqual([FIRST]);
    expect(secrets([SECOND, FIRST])).toEqual([SECOND, FIRST]);
    expect(secrets(undefined, environment)).toEqual(['a'.repeat(32), 'b'.repeat(32)]);
    expect(readdirSync(folder)).toEqual([]);
  });

  test('is else made once for the project, for its owner alone', () => {
    const [made] = secrets();
    expect(made!.length).toBeGreaterThanOrEqual(43);
    expect(secrets(undefined, { SELVAGE_STATUS_SECRET: '' })).toEqual([made]);
    expect(readdirSync(folder)).toEqual(['status-secret']);
    expect(statSync(path.join(folder, 'status-secret')).mode & 0o777).toBe(0o600);
  });

  test.each([
    ['too short', 'short', {}],
    ['none', [], {}],
    ['one of two too short', [FIRST, 'short'], {}],
    ['too short in the environment', undefined, { SELVAGE_STATUS_SECRET: 'short' }],
  ])('is refused where it is %s', (_, given, environment) => {
    const error = thrownBy(() => secrets(given, environment));
    expect(error).toMatchObject({ code: 'WeakSecret' });
  });

  test('that is damaged is told with its file, not with what is in it', () => {
    const file = path.join(folder, 'status-secret');
    writeFileSync(file, 'half a sec');
    const error = thrownBy(() => secrets()) as Error;
    expect(error).toMatchObject({ code: 'WeakSecret', message: expect.stringContaining(file) });
    expect(error.message).not.toContain('half a sec');
    expect(readFileSync(file, 'utf8')).toBe('half a sec');
  });

  test('that cannot be kept is told with what to do', () => {
    const error = thrownBy(() => statusSecrets(undefined, {}, () => path.join(folder, 'not', 'there')));
    expect(error).toMatchObject({
      code: 'FolderUnusable',
      message: expect.stringContaining('SELVAGE_STATUS_SECRET'),
    });
  });
});
