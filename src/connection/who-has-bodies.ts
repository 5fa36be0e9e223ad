import { bodyName } from '../authoring/body-names';
import type { LoadedPlan } from '../runtime';
import type { WaitingKnot } from './explain/waiting';
import type { WorkerState } from './worker-state';
import { listIfKept, type Workers } from './workers';

const QUEUES_NAMED = 5;

/** Adds the task queues with a suitable worker to knots that wait for a body (`BodyMissing`). */
export async function withQueuesThatHave(
  knots: readonly WaitingKnot[],
  workers: Pick<Workers, 'list'>,
  planOf: () => Promise<LoadedPlan>,
): Promise<readonly WaitingKnot[]> {
  if (!knots.some(isMissing)) return knots;
  const alive = await listIfKept(workers);
  if (!alive) return knots;
  const plan = await planOf();
  return knots.map((knot) =>
    isMissing(knot) && plan.has(knot.knotId)
      ? withQueues(knot, queuesThatHave(plan, knot.knotId, alive))
      : knot,
  );
}

function isMissing({ reason }: WaitingKnot): boolean {
  return reason.code === 'BodyMissing';
}

function queuesThatHave(plan: LoadedPlan, knotId: string, workers: readonly WorkerState[]): string[] {
  const knot = plan.knot(knotId);
  const wanted = knot.each === undefined ? plan.definitionOf(knot)! : plan.elementDefinitionOf(knot);
  const name = bodyName(wanted, plan.plan.tapestry, knotId);
  const having = workers.filter(({ bodies }) => bodies?.includes(name));
  return [...new Set(having.map(({ taskQueue }) => taskQueue))].sort();
}

function withQueues(knot: WaitingKnot, queuesWithBody: readonly string[]): WaitingKnot {
  const { code, message } = knot.reason;
  const named = queuesWithBody.slice(0, QUEUES_NAMED).map((queue) => `"${queue}"`);
  const more = queuesWithBody.length - named.length;
  const who =
    named.length === 0
      ? 'No worker that is alive says that it has it.'
      : `Workers of task ${named.length === 1 ? 'queue' : 'queues'} ${named.join(', ')}${more > 0 ? ` and ${more} more` : ''} have it.`;
  return { ...knot, reason: { code, message: `${message} ${who}` }, queuesWithBody };
}
