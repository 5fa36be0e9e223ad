import type { WorkerEnvironment } from '../../activities/worker-environment';
import type { AcceptedExtension, BodyExtension, LoadedPlan } from '../../execution';

/**
 * Checks what a body has said by `ctx.extend`, against what this worker has registered and the plan of its task. Undefined where it has said
 * nothing.
 *
 * @throws SelvageError what is wrong with it; `BackendUnavailable`
 */
export async function acceptExtension(
  { backends, registry, codeHashes, sha256 }: WorkerEnvironment,
  plan: LoadedPlan,
  recordRun: string,
  extension: BodyExtension,
): Promise<AcceptedExtension | undefined> {
  extension.close();
  if (extension.isEmpty) return undefined;
  const run = await backends.runHistory.getRunByTemporalId(recordRun);
  return extension.accept({
    plan,
    terminals: run && chosenIn(plan, run.terminals),
    find: (name, version) => {
      const definition = registry.registered(name, version);
      return definition && { codeHash: codeHashes.of(definition), receives: definition.receives };
    },
    sha256,
  });
}

/** Of the terminals on record, which later extensions may have added to, those that the plan of the task knows; undefined: all of its own. */
function chosenIn(plan: LoadedPlan, terminals: Readonly<Record<string, string>>): string[] | undefined {
  const own = new Set(Object.values(plan.terminals()));
  const ids = Object.values(terminals);
  if ([...own].every((id) => ids.includes(id))) return undefined;
  return ids.filter((id) => plan.has(id));
}
