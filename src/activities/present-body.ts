import { SelvageError } from '../errors';
import type { PlanDefinition, PlanKnot } from '../plan';
import type { LoadedPlan } from '../runtime';
import type { DefinitionRecord } from '../authoring/records';
import type { Uses } from './worker-parts';

/** The worker's body for a knot, or why the knot must wait for another worker. */
export type PresentBody =
  | { readonly definition: DefinitionRecord; readonly refusal?: undefined }
  | { readonly definition?: undefined; readonly refusal: SelvageError };

/** A map's body is its elements'. Refusals: `BodyMissing`, or `CodeChanged` if the knot needs its plan's code. */
export function presentBody(
  { registry, codeHashes }: Uses<'codeHashes' | 'registry'>,
  plan: LoadedPlan,
  knot: PlanKnot,
  taskQueue: string,
): PresentBody {
  const wanted = knot.each === undefined ? plan.definitionOf(knot)! : plan.elementDefinitionOf(knot);
  const refused = (code: 'BodyMissing' | 'CodeChanged', message: string, more?: object): PresentBody => {
    const details = { knot: knot.id, definition: wanted.name, version: wanted.version, ...more };
    return { refusal: new SelvageError(code, message, { details }) };
  };
  const definition = registry.definition(plan.plan.tapestry, knot.id, wanted.name, wanted.version);
  if (!definition) {
    return refused(
      'BodyMissing',
      `This worker has no definition ${nameOf(wanted)} for knot "${knot.id}". The knot waits until a worker that has it polls ` +
        `task queue "${taskQueue}": deploy the code that the run was started with beside the new one.`,
    );
  }
  if (knot.policy.errorPolicy === 'receiveErrors' && definition.receives === 'values') {
    return refused(
      'BodyMissing',
      `This worker's definition ${nameOf(wanted)} takes values, and knot "${knot.id}" is to receive outcomes, as its definition did when ` +
        `the run began. The knot waits until a worker with such a definition polls task queue "${taskQueue}": give the new definition ` +
        'another name or version, and deploy the old one beside it.',
    );
  }
  if (knot.policy.onCodeChange !== 'wait') return { definition };
  const present = codeHashes.of(definition, knot.policy);
  if (present === wanted.codeHash) return { definition };
  return refused(
    'CodeChanged',
    `The code of definition ${nameOf(wanted)} has changed since the run of knot "${knot.id}" began: it was ${wanted.codeHash}, and this ` +
      `worker has ${present}. The knot waits for the old one, as its \`onCodeChange\` says: deploy a worker with the old code on ` +
      `task queue "${taskQueue}", or start a new run, which takes the present code.`,
    { codeHash: { plan: wanted.codeHash, worker: present } },
  );
}

function nameOf({ name, version }: PlanDefinition): string {
  return version === undefined ? `"${name}"` : `"${name}" version "${version}"`;
}
