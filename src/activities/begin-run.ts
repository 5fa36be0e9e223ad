import { Context } from '@temporalio/activity';
import { isReference, packRanges } from '../scheduler';
import { SelvageError } from '../errors';
import { valueOfRecord, type LoadedPlan, type RunLayout } from '../runtime';
import type { TapestryRecord } from '../authoring/records';
import { requestProblems } from '../ports';
import { mayReuse, type BeginRunRequest, type BeginRunResult, type RunEnded } from '../workflows/messages';
import { runLimits } from '../workflows/run-limits';
import { answerOfWholeRun, beginSegment, firstSegment } from './first-segment';
import { reuse, reusesValues, type KnownValues, type ReuseParts } from './reuse';
import {
  acceptParameters,
  inlineUpToLimit,
  parameterName,
  recordParameters,
  requireInlineLimit,
  type RecordedParameter,
} from './run-parameters';
import { executionOfStep, recordBegin, recordRefused, runRecord, type RefusalParts } from './run-record';
import type { SegmentParts } from './segment-run';
import { takeOver, type TakenOver } from './take-over';
import type { WorkerParts } from './worker-parts';

export type BeginParts = RefusalParts &
  ReuseParts &
  SegmentParts &
  Pick<WorkerParts, 'backends' | 'begunSegments' | 'plans' | 'registry' | 'requireSameBackends' | 'savePlan'>;

/**
 * Validates the parameters, pins the plan, and records the run and its parameters. Begins the first segment if nothing
 * else is dispatched with it; a run of that segment alone may end here.
 */
export async function beginRun(
  environment: BeginParts,
  request: BeginRunRequest,
): Promise<BeginRunResult | RunEnded> {
  const { registry, plans, backends, logger } = environment;
  const { info } = Context.current();
  const { workflowType, workflowExecution } = info;
  const { workflowId, runId: temporalRunId } = workflowExecution!;
  const tapestry = registry.tapestry(workflowType!);
  if (!tapestry) throw unknownTapestry(workflowType!, registry.tapestryNames);
  await requireRequest(environment, tapestry, request);
  const limits = runLimits(request.limits);
  await environment.requireSameBackends(request.backends);
  const own = registry.plan(tapestry).hash;
  const hash = request.plan ?? own;
  requireInlineLimit(environment, request);
  if (hash === own) await environment.savePlan(tapestry);
  const plan = await plans.get(hash);
  const slices = await plans.layoutSlices(hash, request.terminals);
  const graph = await plans.layout(hash, request.terminals);
  const { layout } = graph;
  const wanted = layout.ids.slice(0, layout.parameterCount);
  const execution = executionOfStep(environment, info, 1);
  const taken =
    request.resume && (await takeOver(environment, layout, request.resume, { ...execution, attempt: 0 }));
  const accepted = taken ? undefined : await acceptParameters(environment, tapestry, plan, wanted, request);
  const parameters =
    taken?.parameters ?? (await recordParameters(environment, plan, wanted, accepted!, execution));
  const hashes = Object.fromEntries(wanted.map((id, index) => [parameterName(id), parameters[index]!.hash]));
  const envelopes = parameters.map(({ envelope }) => envelope);
  const reused = await reuseAtBegin(environment, plan, graph, request, parameters, taken);
  const takenOver = [...(taken?.knots.keys() ?? []), ...reused].sort((a, b) => a - b);
  const run = { runId: workflowId, temporalRunId, ...(!mayReuse(request) && { reuse: false as const }) };
  const first =
    request.beginSegment && takenOver.length === 0 && !taken
      ? firstSegment(plan, layout, run, envelopes, limits)
      : undefined;
  const isBegun = first && (await backends.runHistory.getRunByTemporalId(temporalRunId)) !== undefined;
  const said = {
    ...request,
    ...(accepted?.hash !== undefined && { parametersHash: accepted.hash }),
    ...(accepted?.partition !== undefined && { partition: accepted.partition }),
  };
  await recordBegin(environment, runRecord(environment, info, plan, said, hashes), request);
  const about = { runId: workflowId, tapestry: tapestry.name };
  logger?.info(about, `Run ${workflowId} of ${tapestry.name} begins`);
  const segment = first && (await beginSegment(environment, plan, first, isBegun!));
  const answer = segment && (await answerOfWholeRun(environment, hash, layout, envelopes, segment));
  if (answer) return { behaviour: request.behaviour, answer };
  return {
    behaviour: request.behaviour,
    limits,
    plan: hash,
    slices: slices.length,
    layout: slices[0]!,
    parameters: inlineUpToLimit(envelopes),
    ...(takenOver.length > 0 && { takenOver: packRanges(takenOver) }),
    ...(segment && { segment }),
  };
}

/** Refuses requests that our client would have refused; records the failed run with the parts that fit a record. */
async function requireRequest(
  environment: BeginParts,
  tapestry: TapestryRecord,
  request: BeginRunRequest,
): Promise<void> {
  const problems = requestProblems(request);
  const [first] = problems;
  if (!first) return;
  const error = new SelvageError('InvalidConfig', first.message, {
    details: { option: first.option, reason: 'WrongValue' },
  });
  const kept = Object.entries(request).filter(([name]) => !problems.some(({ option }) => option === name));
  await environment.savePlan(tapestry);
  const plan = await environment.plans.get(environment.registry.plan(tapestry).hash);
  await recordRefused(
    environment,
    Context.current().info,
    plan,
    Object.fromEntries(kept) as unknown as BeginRunRequest,
    error,
  );
  throw error;
}

/** Takes over values made by other runs. Returns the knots that the taken-over values settle. */
async function reuseAtBegin(
  environment: BeginParts,
  plan: LoadedPlan,
  graph: RunLayout,
  request: BeginRunRequest,
  parameters: readonly RecordedParameter[],
  taken: TakenOver | undefined,
): Promise<readonly number[]> {
  if (!mayReuse(request) || !reusesValues(graph.layout)) return [];
  const known: KnownValues = new Map(
    parameters.map(({ envelope, hash }, index) => [
      index,
      { size: 0, ...(isReference(envelope) && envelope), hash },
    ]),
  );
  for (const [knot, record] of taken?.knots ?? []) known.set(knot, valueOfRecord(record));
  const execution = executionOfStep(environment, Context.current().info, 0);
  const options = { environment, plan, graph, execution, isUnderWay: false };
  return await reuse(options, known, graph.layout.ids.keys());
}

function unknownTapestry(name: string, known: readonly string[]): SelvageError {
  return new SelvageError(
    'UnknownTapestry',
    `This worker has not registered a tapestry "${name}" (it has: ${known.join(', ') || 'none'}). The run waits until a worker ` +
      'that has it polls this task queue.',
    { details: { tapestry: name } },
  );
}
