import { migrateBackends, type MigrationReport } from '../../backends';
import { projectFolder } from '../../project-folder';
import type { MigrateOptions } from '../commands/migrate';
import { EXIT } from '../exit-codes';
import type { Output } from '../output';

/** `selvage migrate`. */
export async function migrate(options: MigrateOptions, output: Output): Promise<number> {
  const mode = options.status ? 'status' : options.dryRun ? 'dry-run' : 'migrate';
  const projectDir = projectFolder(options.projectDir);
  const places = await migrateBackends({ projectDir, mode });
  if (output.json) output.document({ places });
  else output.say(places.map((place) => describePlace(place, mode, output)).join('\n\n'));
  return EXIT.ok;
}

function describePlace(
  place: MigrationReport,
  mode: 'status' | 'dry-run' | 'migrate',
  output: Output,
): string {
  const title = `${place.technology}: ${place.shown} (${place.backends.join(', ')})`;
  if (!place.hasTables) return `${title}\n  has no tables to migrate`;
  if (mode === 'status') {
    const lines = [
      ...place.done.map((name) => `  done     ${name}`),
      ...place.pending.map((name) => `  pending  ${name}`),
    ];
    return [title, ...lines].join('\n');
  }
  if (mode === 'migrate') {
    const what = place.migrated.length === 0 ? ['up to date'] : place.migrated.map((name) => `did ${name}`);
    return [title, ...what.map((line) => `  ${line}`)].join('\n');
  }
  if (place.pending.length === 0) return `${title}\n  up to date`;
  const statements = (place.statements ?? []).map(
    ({ migration, sql }) => `${output.dim(`-- ${migration}`)}\n${sql}`,
  );
  return [title, ...statements].join('\n');
}
