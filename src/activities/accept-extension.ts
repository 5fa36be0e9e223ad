import type { WorkerEnvironment } from './worker-environment';
import type { AcceptedExtension, BodyExtension, LoadedPlan } from '../runtime';

/**
 * Checks what a body added by `ctx.extend` against this worker's definitions and the task's plan. Undefined if it added nothing.
 *
 * @throws SelvageError what is wrong with it; `BackendUnavailable`
 */
export async function acceptExtension(
  { backends, registry, sha256 }: WorkerEnvironment,
  plan: LoadedPlan,
  temporalRunId: string,
  extension: BodyExtension,
): Promise<AcceptedExtension | undefined> {
  extension.close();
  if (extension.isEmpty) return undefined;
  const run = await backends.runHistory.getRunByTemporalId(temporalRunId);
  return extension.accept({
    plan,
    terminals: run && chosenIn(plan, run.terminals),
    find: (name, version) => registry.registered(name, version),
    sha256,
  });
}

/**
 * The recorded terminals, which later extensions may have added to, limited to those that the task's plan has. Undefined if all terminals
 * of the plan are among them.
 */
function chosenIn(plan: LoadedPlan, terminals: Readonly<Record<string, string>>): string[] | undefined {
  const own = new Set(Object.values(plan.terminals()));
  const ids = Object.values(terminals);
  if ([...own].every((id) => ids.includes(id))) return undefined;
  return ids.filter((id) => plan.has(id));
}
