import type { Selvage } from '../../client';
import { foregroundQueue } from '../../plan';
import { placeWords, type ServerOptions } from '../options/server-options';
import { formatDuration, plural } from '../output/format';
import type { Output } from '../output/output';
import { commandLine } from '../output/typed-commands';

/** Maximum number of runs to check: each check takes a call to the server. */
const LOOKED_AT = 20;

/** A run of `selvage run` or `selvage resume` whose command is gone. */
interface InterruptedRun {
  readonly runId: string;
  /** When the run began, in milliseconds since the epoch. */
  readonly since: number;
}

/**
 * The newest runs of these tapestries for which no process works, because their command has ended.
 *
 * @throws SelvageError `ServerUnreachable`
 */
export async function interruptedRuns(
  { client, pollers }: Selvage,
  tapestries: readonly string[],
): Promise<InterruptedRun[]> {
  const names = tapestries.map((name) => `'${name}'`).join(', ');
  const query = `ExecutionStatus = 'Running' AND WorkflowType IN (${names})`;
  const open: InterruptedRun[] = [];
  for await (const { workflowId: runId, startTime, taskQueue } of client.workflow.list({ query })) {
    // Runs that knots have started share their parent's queue and worker.
    if (taskQueue !== foregroundQueue(runId)) continue;
    open.push({ runId, since: startTime.getTime() });
    if (open.length === LOOKED_AT) break;
  }
  const isAlone = await Promise.all(
    open.map(async ({ runId }) => !(await pollers.areThere(foregroundQueue(runId)))),
  );
  return open.filter((_, index) => isAlone[index]);
}

export function describeInterrupted(
  runs: readonly InterruptedRun[],
  file: string,
  options: ServerOptions,
  output: Output,
): string {
  const now = Date.now();
  const { runId } = runs[0]!;
  const place = placeWords(options);
  const are =
    runs.length === 1
      ? 'is unfinished, and nobody works for it'
      : 'are unfinished, and nobody works for them';
  return [
    output.yellow(`${plural(runs.length, 'earlier run')} of this file ${are}:`),
    ...runs.map(
      ({ runId: id, since }) =>
        `  ${id}  ${output.dim(`begun ${formatDuration(Math.max(0, now - since))} ago`)}`,
    ),
    `Go on with one:  ${commandLine(['resume', runId, file, ...place])}`,
    ...(runs.length > 1
      ? [`Go on with all:  ${commandLine(['worker', file, '--adopt', 'all', ...place])}`]
      : []),
    `Give one up:     ${commandLine(['runs', 'terminate', runId, ...place])}`,
  ].join('\n');
}
