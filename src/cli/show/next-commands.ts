import { BACKFILL } from '../../backfills/names';
import { lastGoodRun } from '../../operations/runs/last-good';
import type { Backends, RunRecord } from '../../ports';
import { placeWords, type ServerOptions } from '../options/server-options';
import { FILE, commandLine, debugCommand } from '../output/typed-commands';
import type { Summary } from './run-summary';

/** The commands that look further into a run that did not succeed. @param file exports its tapestry */
export async function nextCommands(
  backends: Backends,
  run: RunRecord,
  { projectDir, capsule }: Pick<ServerOptions, 'projectDir' | 'capsule'>,
  file = FILE,
): Promise<Pick<Summary, 'compare' | 'debug'>> {
  // A backfill has no body of a user, and no earlier one has the same partitions.
  if (run.tapestry === BACKFILL) return {};
  const elsewhere = placeWords({ projectDir });
  const good = run.status === 'failed' ? await lastGoodRun(backends, run) : undefined;
  return {
    compare: good === undefined ? undefined : commandLine(['diff', good, run.run_id, ...elsewhere]),
    debug: (knot) => debugCommand(capsule ?? run.run_id, file, knot, elsewhere),
  };
}
