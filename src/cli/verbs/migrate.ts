import type { MigrationReport } from '../../backends';
import { projectFolder } from '../../node/project-folder';
import { flag, type Chosen } from '../options/option';
import { JSON_DOCUMENT, PROJECT } from '../options/server-options';
import type { Output } from '../output/output';
import { verb } from '../table/verb';

const OPTIONS = {
  dryRun: flag('print the SQL that would run, and change nothing', { conflicts: 'status' }),
  status: flag('print which migrations are done and which are pending, and change nothing'),
  ...JSON_DOCUMENT,
  ...PROJECT,
};

export const addMigrate = verb({
  name: 'migrate',
  summary: 'bring the tables of SQL backends to this version',
  description:
    'Makes or changes the tables of the backends that SELVAGE_STORE, SELVAGE_HISTORY and SELVAGE_DATA name (SQLite and Postgres), so that ' +
    'they fit this version of Selvage. Each database is done in one transaction, under a lock: it is safe when several do it at once. ' +
    'A database that a newer version has migrated is refused.',
  options: OPTIONS,
  after:
    '\nExamples:\n  $ selvage migrate --status\n  $ SELVAGE_HISTORY=postgres://… selvage migrate --dry-run',
  async work(options: Chosen<typeof OPTIONS>, output: Output) {
    const { migrateBackends } = await import('../../backends/index.js');
    const mode = options.status ? 'status' : options.dryRun ? 'dry-run' : 'migrate';
    const projectDir = projectFolder(options.projectDir);
    const locations = await migrateBackends({ projectDir, mode });
    return output.finish({ items: locations }, () =>
      locations.map((location) => describeLocation(location, mode, output)).join('\n\n'),
    );
  },
});

function describeLocation(
  location: MigrationReport,
  mode: 'status' | 'dry-run' | 'migrate',
  output: Output,
): string {
  const title = `${location.technology}: ${location.shown} (${location.backends.join(', ')})`;
  if (!location.hasTables) return `${title}\n  has no tables to migrate`;
  if (mode === 'status') {
    const lines = [
      ...location.done.map((name) => `  done     ${name}`),
      ...location.pending.map((name) => `  pending  ${name}`),
    ];
    return [title, ...lines].join('\n');
  }
  if (mode === 'migrate') {
    const what =
      location.migrated.length === 0 ? ['up to date'] : location.migrated.map((name) => `did ${name}`);
    return [title, ...what.map((line) => `  ${line}`)].join('\n');
  }
  if (location.pending.length === 0) return `${title}\n  up to date`;
  const statements = (location.statements ?? []).map(
    ({ migration, sql }) => `${output.dim(`-- ${migration}`)}\n${sql}`,
  );
  return [title, ...statements].join('\n');
}
