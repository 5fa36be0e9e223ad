import { packRanges, sumOf } from '../scheduler';
import { SelvageError } from '../errors';
import { requiredRecords } from '../runtime';
import type { FinishRunRequest, FinishRunResult } from '../workflows/messages';
import { isCutShort, mendRun, type MendParts } from './mend-run';
import { endRun, executionOfStep, type EndParts, type StepInfo } from './run-record';
import { NO_COUNTS, isSome, recordUnrun } from './unrun-knots';
import type { Uses } from './worker-parts';

export type FinishParts = MendParts & EndParts & Uses<'cutShort'>;

/**
 * Records the knots that no activity recorded; the last chunk also ends the run record. If the request has
 * the outcomes of all knots, writes missing records again or reports them as lost.
 */
export async function finishRun(
  environment: FinishParts,
  info: StepInfo,
  request: FinishRunRequest,
): Promise<FinishRunResult> {
  const { runHistory } = environment.backends;
  const plan = await environment.plans.get(request.plan);
  const execution = executionOfStep(environment, info, 0, request.temporalRunId);
  const standing = await recordUnrun(environment, plan, execution, request);
  const said = standing && { standing };
  const { outcomes } = request;
  if (outcomes === undefined) return { ...said };
  const graph = await environment.plans.layout(request.plan, request.terminals);
  const end = { ...request, counts: sumOf(request.counts, standing) };
  const required = await requiredRecords(runHistory, request.temporalRunId, graph.layout);
  if (request.last) {
    if (isCutShort(request)) await noteCutShort(environment, info, request.temporalRunId);
    const record = await endRun(environment, request.temporalRunId, end, required);
    if (record !== undefined) return { ...said, record };
  }
  const { lost, gone, error, counts } = await mendRun(environment, info, plan, graph, {
    ...request,
    outcomes,
  });
  const all = sumOf(standing ?? NO_COUNTS, counts);
  const answer = {
    ...(isSome(all) && { standing: all }),
    ...(lost.length > 0 && { lost: packRanges(lost) }),
    ...(gone !== undefined && { gone }),
  };
  if (!request.last || lost.length > 0 || gone !== undefined) return answer;
  const ended = { ...end, counts: sumOf(request.counts, all), ...(error && { error }) };
  // A run that ends by an error may have lost records for good, so none is required.
  const demanded = ended.error ? undefined : required;
  const record = await endRun(environment, request.temporalRunId, ended, demanded);
  if (record !== undefined) return { ...answer, record };
  throw new SelvageError(
    'BackendUnavailable',
    `The run history (${runHistory.technology}) has lost again what was just written of run "${request.temporalRunId}". It is tried again.`,
  );
}

async function noteCutShort(
  { cutShort }: Uses<'cutShort'>,
  { workflowType, workflowExecution }: StepInfo,
  temporalRunId: string,
): Promise<void> {
  await cutShort.get(workflowType!)?.(workflowExecution!.workflowId, temporalRunId);
}
