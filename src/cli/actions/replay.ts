import { SelvageError } from '../../errors';
import type { ReplayedExecution } from '../../worker';
import type { ReplayCommandOptions } from '../commands/replay';
import { EXIT } from '../exit-codes';
import { plural, shorten } from '../format';
import { readHistoryFile } from '../history-file';
import { late } from '../late-imports';
import type { Output } from '../output';
import { installReplayLogger } from '../sdk-logger';
import { withClient } from '../with-client';

const SHOWN_UNTRIED = 500;

/** `selvage replay`. */
export async function replay(
  runId: string | undefined,
  options: ReplayCommandOptions,
  output: Output,
): Promise<number> {
  const { file } = options;
  if ((runId === undefined) === (file === undefined)) {
    throw new SelvageError('Usage', 'Say what to replay: the id of a run, or a history by --file.');
  }
  if (file !== undefined) {
    const history = await readHistoryFile(file);
    installReplayLogger(output);
    const execution = await late.replay().replayHistory(history);
    show(execution, execution.runId, output);
    const untried = execution.childRuns.map((child) => child.runId);
    return conclude([execution], untried, output);
  }
  return await withClient(options, output, async (selvage) => {
    installReplayLogger(output);
    const executions: ReplayedExecution[] = [];
    for await (const execution of late.replay().replayRun(selvage.client, runId!)) {
      show(execution, runId!, output);
      executions.push(execution);
    }
    return conclude(executions, [], output, selvage.place);
  });
}

/** @param asked the run that was asked for; others are named */
function show(execution: ReplayedExecution, asked: string, output: Output): void {
  const { verdict, runId, temporalRunId, tapestry, events, error } = execution;
  const what =
    verdict === 'gone' ? 'the server has this history no more' : `${tapestry}, ${plural(events, 'event')}`;
  const whose = runId === asked ? '' : `, child run ${runId}`;
  output.say(`${coloured(verdict, output)} ${temporalRunId}  ${what}${whose}`);
  if (error) output.say(`         ${error.code}: ${error.message}`);
}

function coloured(verdict: ReplayedExecution['verdict'], output: Output): string {
  const text = verdict.padEnd(8);
  if (verdict === 'replays') return output.green(text);
  return verdict === 'gone' ? output.yellow(text) : output.red(text);
}

/** @param untried ids of child runs whose histories are not at hand */
function conclude(
  executions: readonly ReplayedExecution[],
  untried: readonly string[],
  output: Output,
  server?: object,
): number {
  const bad = executions.filter(({ error }) => error !== undefined).length;
  const gone = executions.filter(({ verdict }) => verdict === 'gone').length;
  const tried = executions.length - gone;
  const all = gone + untried.length === 0 ? '' : ' as far as was tried';
  output.say(
    bad === 0
      ? `This version can go on with it${all}: ${plural(tried, 'execution')} replayed.`
      : `This version cannot go on with it: ${bad} of ${plural(tried, 'execution')} did not replay.`,
  );
  if (gone > 0)
    output.say(
      output.yellow(`Not tried: ${plural(gone, 'execution')} of which the server has no history any more.`),
    );
  if (untried.length > 0) {
    const named = shorten(untried.join(', '), SHOWN_UNTRIED);
    output.say(
      output.yellow(
        `Not tried: ${plural(untried.length, 'child run')}, with histories of their own: ${named}. \`selvage replay RUN\` tries all of a run.`,
      ),
    );
  }
  if (output.json) {
    output.document({
      replays: bad === 0,
      untried,
      executions: executions.map(({ error, ...execution }) => ({
        ...execution,
        ...(error && { error: { code: error.code, message: error.message } }),
      })),
      ...(server && { server }),
    });
  }
  return bad === 0 ? EXIT.ok : EXIT.runFailed;
}
