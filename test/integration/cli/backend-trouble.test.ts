import { freshPostgresDatabase, type FreshDatabase } from '../../support/fresh-places';
import { makeCommandProject, runWarm, type Finished } from '../../support/command-line';
import { describeWith } from '../../support/services';
import { sharedServerAddress } from '../../support/temporal-server';
import { removeProjects } from '../server/projects';
import { PIPELINES } from './pipelines';

/** A password that stands in every address, and must come out nowhere. */
const SECRET = 'hunter2-%C3%BC-secret';
const SECRETS = [SECRET, decodeURIComponent(SECRET), 'hunter2'];
/** Far more than the few seconds that a command waits: each takes its time to begin on a busy machine. */
const LIMIT_MS = 60_000;

describeWith('postgres')('commands whose PostgreSQL cannot be used', () => {
  let project: string;
  let database: FreshDatabase;

  beforeAll(async () => {
    project = makeCommandProject({ 'pipeline.ts': PIPELINES });
    database = await freshPostgresDatabase();
  });

  afterAll(async () => {
    await database.drop();
    await removeProjects();
  });

  const withSecret = (): string => {
    const url = new URL(database.url);
    url.password = SECRET;
    return url.href;
  };

  const places: Record<string, () => string> = {
    'a wrong password': withSecret,
    'an unknown technology': () => `oracle://u:${SECRET}@127.0.0.1/d?token=${SECRET}`,
  };

  const run = ['run', 'pipeline.ts', '--tapestry', 'quickstart', '--param', 'x=1'];
  const worker = ['worker', 'pipeline.ts'];

  const rows: [keyof typeof places, string[], RegExp][] = [
    ['a wrong password', run, /^error BackendUnavailable: The database \S+ at \S+ .*password/],
    ['a wrong password', worker, /^error BackendUnavailable: .*password/],
    ['a wrong password', ['runs', 'list'], /^error BackendUnavailable: .*password/],
    ['an unknown technology', run, /^error InvalidUrl: "oracle:…".*postgres:\/\//],
  ];

  const runAt = (place: string, args: readonly string[]): Promise<Finished> =>
    runWarm(project, args, { SELVAGE_HISTORY: places[place]!() });

  test.each(rows)(
    '%s: %j says so in one line, exit code 2',
    async (place, args, line) => {
      const address = ['--address', sharedServerAddress()];
      const hasJson = args !== worker;
      const { code, stdout, stderr } = await runAt(place, [
        ...args,
        ...address,
        ...(hasJson ? ['--json'] : []),
      ]);
      for (const secret of SECRETS) expect(stdout + stderr).not.toContain(secret);
      const errors = stderr.split('\n').filter((text) => text.startsWith('error '));
      expect(errors).toHaveLength(1);
      expect(errors[0]).toMatch(line);
      expect(stderr).not.toMatch(/^\s+at /m);
      expect(code).toBe(2);
      if (!hasJson) {
        expect(stdout).toBe('');
        return;
      }
      const { error } = JSON.parse(stdout) as { error: { code: string; message: string } };
      expect(`error ${error.code}: ${error.message}`).toBe(errors[0]);
    },
    LIMIT_MS,
  );

  test(
    'doctor finds a wrong password, exit code 1',
    async () => {
      const args = ['doctor', '--address', sharedServerAddress(), '--json'];
      const { code, stdout, stderr } = await runAt('a wrong password', args);
      for (const secret of SECRETS) expect(stdout + stderr).not.toContain(secret);
      const { ok, findings } = JSON.parse(stdout) as {
        ok: boolean;
        findings: { subject: string; status: string; message: string }[];
      };
      expect(ok).toBe(false);
      const missing = findings.filter(({ subject, status }) => subject === 'Backends' && status === 'error');
      expect(missing.map(({ message }) => message)).toEqual([expect.stringMatching(/password/)]);
      expect(code).toBe(1);
    },
    LIMIT_MS,
  );
});
