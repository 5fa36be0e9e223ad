import { locateBackends } from '../../backends';
import { readKnots } from '../../connection/read-run';
import type { Plan } from '../../plan';
import { SelvageError } from '../../errors';
import { madeIn } from '../../runtime';
import type { RunResult } from '../../authoring/outcome';
import type { Backends, LineageRecord, RunRecord } from '../../ports';
import { mapOfElement } from '../../authoring/element-id';
import { commandLine } from '../output/typed-commands';

/** Facts about a run beyond its outcomes. */
export interface RunNotes {
  /** Maps that are Ok although elements failed, which by `onError` are left out, or in the value as outcomes. */
  readonly failedElements: readonly {
    readonly knotId: string;
    readonly failed: number;
    readonly count: number;
    readonly onError: 'skip' | 'collect';
  }[];
  /** Number of reused knots and elements, and the milliseconds that they had taken; absent if none. */
  readonly reused?: { readonly knots: number; readonly elements: number; readonly savedMs: number };
}

export const NO_NOTES: RunNotes = { failedElements: [] };

export async function readNotes(backends: Backends, run: RunRecord): Promise<RunNotes> {
  const { plan, records } = await readKnots(backends, run);
  return notesOf(plan, records);
}

/** @param records of the run; ignores elements */
function notesOf(plan: Plan, records: readonly LineageRecord[]): RunNotes {
  const failedElements: RunNotes['failedElements'][number][] = [];
  let [knots, elements, savedMs] = [0, 0, 0];
  const onErrors = new Map(plan.knots.map(({ id, policy }) => [id, policy.map?.onError]));
  for (const record of records) {
    if (record.definition === 'parameter' || mapOfElement(record.knot_id) !== undefined) continue;
    const { elements: of } = record.extra as {
      elements?: { count: number; failed: number; reused?: number; saved?: number };
    };
    const onError = onErrors.get(record.knot_id);
    if (of && of.failed > 0 && onError && record.outcome === 'ok')
      failedElements.push({ knotId: record.knot_id, failed: of.failed, count: of.count, onError });
    if (record.cached_from_run === null) {
      elements += of?.reused ?? 0;
      savedMs += of?.saved ?? 0;
    } else {
      knots += 1;
      savedMs += madeIn(record) ?? 0;
    }
  }
  return { failedElements, ...(knots + elements > 0 && { reused: { knots, elements, savedMs } }) };
}

/** Keeps the readable values, and says why the others are not readable: a data store is away. */
export function readableValues(result: RunResult): {
  readonly result: RunResult;
  readonly unreadable?: SelvageError;
} {
  let unreadable: SelvageError | undefined;
  const readable = (values: Readonly<Record<string, unknown>>): Record<string, unknown> => {
    const found: Record<string, unknown> = {};
    for (const name of Object.keys(values)) {
      try {
        found[name] = values[name];
      } catch (error) {
        if (!SelvageError.is(error)) throw error;
        unreadable ??= error;
      }
    }
    return found;
  };
  const shown = { ...result, outputs: readable(result.outputs), values: readable(result.values) };
  return { result: shown, unreadable };
}

/**
 * The place of a run's lineage, and the command that shows it.
 *
 * @param projectDir the command's folder
 * @param said `--project-dir`, which the next command needs again
 * @param capsule the file that is read instead of a project
 */
export function lineageLocation(
  runId: string,
  projectDir: string,
  said: string | undefined,
  capsule?: string,
): { readonly location: string; readonly command: string } {
  if (capsule !== undefined)
    return { location: capsule, command: commandLine(['lineage', '--run', runId, '--capsule', capsule]) };
  const { history } = locateBackends({ projectDir });
  const elsewhere = said === undefined ? [] : ['--project-dir', said];
  return {
    location: history.shown,
    command: commandLine(['lineage', '--run', runId, ...elsewhere]),
  };
}
