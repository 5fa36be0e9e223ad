import type { Selvage } from '../client';
import { foregroundQueue } from '../engine';
import { formatDuration, plural } from './format';
import type { Output } from './output';
import { commandLine } from './own-command';
import { placeWords, type ServerOptions } from './server-options';

/** More are not looked at: each is a call to the server. */
const LOOKED_AT = 20;

/** A run of `selvage run` or `selvage resume` whose command is gone. */
export interface InterruptedRun {
  readonly runId: string;
  /** Milliseconds since the epoch. */
  readonly since: number;
}

/**
 * The newest runs of these tapestries that no process works for, since their command has ended before them.
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
    // Those that its knots have started are worked for with it.
    if (taskQueue !== foregroundQueue(runId)) continue;
    open.push({ runId, since: startTime.getTime() });
    if (open.length === LOOKED_AT) break;
  }
  const isAlone = await Promise.all(
    open.map(async ({ runId }) => !(await pollers.areThere(foregroundQueue(runId)))),
  );
  return open.filter((_, index) => isAlone[index]);
}

/** The runs, of which there is one or more, and how to go on with them, for people. */
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
