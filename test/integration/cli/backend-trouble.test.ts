import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import path from 'node:path';
import { freshPostgresDatabase, type FreshDatabase } from '../../support/fresh-places';
import { makeCommandProject, runCommand } from '../../support/command-line';
import { describeWith } from '../../support/services';
import { sharedServerAddress } from '../../support/temporal-server';
import { removeProjects } from '../server/projects';
import { PIPELINES } from './pipelines';

/** A password that stands in every address, and must come out nowhere. */
const SECRET = 'hunter2-%C3%BC-secret';
const SECRETS = [SECRET, decodeURIComponent(SECRET), 'hunter2'];
/** Far more than the few seconds that a command waits: each takes its time to begin on a busy machine. */
const LIMIT_MS = 60_000;

const withoutPg = path.resolve(__dirname, '../../support/without-pg.mjs');

describeWith('postgres')('commands whose PostgreSQL cannot be used', () => {
  let project: string;
  let database: FreshDatabase;
  /** Takes connections and never says a word. */
  let silent: Server;
  const connected: Socket[] = [];
  /** A port that nobody listens on. */
  let closedPort: number;

  beforeAll(async () => {
    project = makeCommandProject({ 'pipeline.ts': PIPELINES });
    database = await freshPostgresDatabase();
    silent = createServer((socket) => connected.push(socket.on('error', () => undefined)));
    const closed = createServer();
    for (const server of [silent, closed]) await once(server.listen(0, '127.0.0.1'), 'listening');
    closedPort = (closed.address() as AddressInfo).port;
    closed.close();
  });

  afterAll(async () => {
    for (const socket of connected) socket.destroy();
    silent.close();
    await database.drop();
    await removeProjects();
  });

  const at = (change: (url: URL) => void): string => {
    const url = new URL(database.url);
    url.password = SECRET;
    change(url);
    return url.href;
  };
  const onPort = (port: number): string => at((url) => (url.port = String(port)));

  const places: Record<string, () => string> = {
    'a wrong password': () => at(() => undefined),
    'a database that is not there': () => {
      const url = new URL(database.url);
      url.pathname = '/nowhere';
      return url.href;
    },
    'nobody at the port': () => onPort(closedPort),
    'a server that never answers': () => onPort((silent.address() as AddressInfo).port),
    'an unknown technology': () => `oracle://u:${SECRET}@127.0.0.1/d?token=${SECRET}`,
    'an address that is none': () => `postgres://u:${SECRET}@127.0.0.1:port/d`,
    'pg is not installed': () => at(() => undefined),
  };

  const run = ['run', 'pipeline.ts', '--tapestry', 'quickstart', '--param', 'x=1'];
  const worker = ['worker', 'pipeline.ts'];

  const rows: [keyof typeof places, string[], RegExp][] = [
    ['a wrong password', run, /^error BackendUnavailable: The database \S+ at \S+ .*password/],
    ['a wrong password', worker, /^error BackendUnavailable: .*password/],
    ['a wrong password', ['runs', 'list'], /^error BackendUnavailable: .*password/],
    ['a database that is not there', run, /^error BackendUnavailable: .*nowhere.*create database/],
    ['nobody at the port', run, /^error BackendUnavailable: .*ECONNREFUSED/],
    ['a server that never answers', run, /^error BackendUnavailable: .*timeout/],
    ['an unknown technology', run, /^error InvalidUrl: "oracle:…".*postgres:\/\//],
    ['an address that is none', worker, /^error InvalidUrl: /],
    ['pg is not installed', run, /^error MissingPackage: .*npm install pg/],
  ];

  const environmentOf = (place: string): NodeJS.ProcessEnv => ({
    SELVAGE_HISTORY: places[place]!(),
    ...(place === 'pg is not installed' && { NODE_OPTIONS: `--import ${withoutPg}` }),
  });

  test.each(rows)(
    '%s: %j says so in one line, exit code 2',
    async (place, args, line) => {
      const address = ['--address', sharedServerAddress()];
      const hasJson = args !== worker;
      const { code, stdout, stderr } = await runCommand(
        project,
        [...args, ...address, ...(hasJson ? ['--json'] : [])],
        environmentOf(place),
      );
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

  test.each(['a wrong password', 'a server that never answers', 'pg is not installed'])(
    'doctor finds %s, exit code 1',
    async (place) => {
      const args = ['doctor', '--address', sharedServerAddress(), '--json'];
      const { code, stdout, stderr } = await runCommand(project, args, environmentOf(place));
      for (const secret of SECRETS) expect(stdout + stderr).not.toContain(secret);
      const { ok, findings } = JSON.parse(stdout) as {
        ok: boolean;
        findings: { subject: string; verdict: string; found: string }[];
      };
      expect(ok).toBe(false);
      const missing = findings.filter(
        ({ subject, verdict }) => subject === 'Backends' && verdict === 'missing',
      );
      expect(missing.map(({ found }) => found)).toEqual([
        expect.stringMatching(
          place === 'a wrong password'
            ? /password/
            : place === 'pg is not installed'
              ? /npm install pg/
              : /timeout/,
        ),
      ]);
      expect(code).toBe(1);
    },
    LIMIT_MS,
  );
});
