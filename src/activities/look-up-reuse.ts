import { packRanges, unpackRanges } from '../scheduler';
import type { LookupRequest, LookupResult } from '../workflows/messages';
import { reuse } from './reuse';
import { executionOfStep } from './run-record';
import type { WorkerEnvironment } from './worker-environment';

/** Takes over values that other runs have made for ready knots, and for knots downstream. */
export async function lookUpReuse(
  environment: WorkerEnvironment,
  { plan: hash, terminals, temporalRunId, knots }: LookupRequest,
): Promise<LookupResult> {
  const plan = await environment.plans.get(hash);
  const graph = await environment.plans.layout(hash, terminals);
  const execution = executionOfStep(environment, 0, temporalRunId);
  const options = { environment, plan, graph, execution, isUnderWay: true };
  const found = await reuse(options, new Map(), unpackRanges(knots));
  return { found: packRanges(found) };
}
