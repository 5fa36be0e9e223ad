import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { libpqEnvironment, parsePostgresUrl } from '../../adapters/postgres/address';
import { flush } from '../../adapters/sqlite/repair';
import { RESTORED } from '../../backends';
import { SelvageError } from '../../errors';
import { onDisk } from './sqlite-copy';

type Program = 'pg_dump' | 'pg_restore' | 'psql';

/** Sessions of Selvage have this name, unless their address gives another. */
const SESSIONS =
  "select count(*) from pg_stat_activity where datname = current_database() and application_name = 'selvage'";

/** PostgreSQL's programs, which get an address by environment variables: arguments are visible to all users. */
export class PostgresPrograms {
  /** The address without secrets. */
  readonly shown: string;
  readonly #schema: string | undefined;
  readonly #environment: NodeJS.ProcessEnv;

  constructor(url: string) {
    const { shown, schema } = parsePostgresUrl(url);
    this.shown = shown;
    this.#schema = schema;
    this.#environment = libpqEnvironment(url);
  }

  /** A key that is equal for all addresses of one schema. */
  get key(): string {
    const { PGHOST, PGPORT, PGDATABASE } = this.#environment;
    return JSON.stringify([PGHOST, PGPORT, PGDATABASE, this.#schema]);
  }

  /** Copies all tables as of one moment, while they are in use. */
  async dump(file: string): Promise<void> {
    // The file is created before the dump, so that only this user can read it.
    onDisk(file, () => writeFileSync(file, '', { mode: 0o600 }));
    await this.#run('pg_dump', ['--format=custom', '--no-password', `--file=${file}`, ...this.#only]);
    onDisk(file, () => flush(file));
  }

  /** Whether there is a schema to copy. */
  async isThere(): Promise<boolean> {
    if (this.#schema === undefined) return true;
    return (await this.#ask(`select count(*) from pg_namespace where nspname = '${this.#schema}'`)) !== '0';
  }

  /** Replaces all tables by a dump's, or changes nothing. The schema stays, because the dump lacks its rights. */
  async restore(file: string): Promise<void> {
    if (!(await this.isThere())) await this.#ask(`create schema ${this.#schema}`);
    const options = ['--clean', '--if-exists', '--single-transaction', '--no-password'];
    const place = [`--dbname=${this.#environment['PGDATABASE'] ?? ''}`, ...this.#only];
    await this.#run('pg_restore', [...options, ...place, file]);
  }

  /** Records that later commits were removed on purpose. */
  async noteStepBack(backedUpAt: number): Promise<void> {
    const now = Date.now();
    await this.#ask(
      `insert into selvage_steps_back (noticed_at, lost_after, lost_until, noticed_by) values (${now}, ${backedUpAt}, ${now}, '${RESTORED}')`,
    );
  }

  async requireAtRest(): Promise<void> {
    const sessions = await this.#ask(SESSIONS);
    if (sessions === '0') return;
    throw new SelvageError(
      'ProjectInUse',
      `${sessions} connections of Selvage are open in ${this.shown}. Stop all workers, \`serve\`, \`ui\` and whatever else uses it; those of other schemas of ` +
        'the database count, too.',
      { details: { sessions: Number(sessions) } },
    );
  }

  get #only(): string[] {
    return this.#schema === undefined ? [] : [`--schema=${this.#schema}`];
  }

  async #ask(statement: string): Promise<string> {
    return (await this.#run('psql', ['-XAtq', '--no-password', '-c', statement])).trim();
  }

  async #run(program: Program, words: readonly string[]): Promise<string> {
    const child = spawn(program, words, {
      env: { ...process.env, ...this.#environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const texts = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => (texts.stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (texts.stderr += text));
    const failure = await new Promise<unknown>((resolve) => {
      child.once('error', resolve);
      child.once('close', (code) => resolve(code === 0 ? undefined : new Error(texts.stderr.trim())));
    });
    if (failure === undefined) return texts.stdout;
    const isMissing = (failure as NodeJS.ErrnoException).code === 'ENOENT';
    throw new SelvageError(
      isMissing ? 'MissingPackage' : 'BackupRefused',
      isMissing
        ? `PostgreSQL is backed up by its own program ${program}, which is not there. Install the client programs of PostgreSQL (such as postgresql-client), not older than the server.`
        : `${program} did not do it on ${this.shown}: ${(failure as Error).message}`,
      { details: { program }, cause: failure },
    );
  }
}
