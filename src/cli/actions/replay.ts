import { SelvageError } from '../../errors';
import type { ReplayedExecution } from '../../worker';
import type { ReplayCommandOptions } from '../commands/replay';
import { EXIT } from '../exit-codes';
import { plural } from '../format';
import { readHistoryFile } from '../history-file';
import { late } from '../late-imports';
import type { Output } from '../output';
import { installReplayLogger } from '../sdk-logger';
import { withClient } from '../with-client';

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
    return conclude([show(await late.replay().replayHistory(history), output)], output);
  }
  return await withClient(options, output, async (selvage) => {
    installReplayLogger(output);
    const executions: ReplayedExecution[] = [];
    for await (const execution of late.replay().replayRun(selvage.client, runId!)) {
      executions.push(show(execution, output));
    }
    return conclude(executions, output, selvage.place);
  });
}

function show(execution: ReplayedExecution, output: Output): ReplayedExecution {
  const { verdict, temporalRunId, tapestry, events, error } = execution;
  const what =
    verdict === 'gone' ? 'the server has this history no more' : `${tapestry}, ${plural(events, 'event')}`;
  output.say(`${coloured(verdict, output)} ${temporalRunId}  ${what}`);
  if (error) output.say(`         ${error.code}: ${error.message}`);
  return execution;
}

function coloured(verdict: ReplayedExecution['verdict'], output: Output): string {
  const text = verdict.padEnd(8);
  if (verdict === 'replays') return output.green(text);
  return verdict === 'gone' ? output.yellow(text) : output.red(text);
}

function conclude(executions: readonly ReplayedExecution[], output: Output, server?: object): number {
  const bad = executions.filter(({ error }) => error !== undefined).length;
  const there = executions.filter(({ verdict }) => verdict !== 'gone').length;
  output.say(
    bad === 0
      ? `This version can go on with it: ${plural(there, 'execution')} replayed.`
      : `This version cannot go on with it: ${bad} of ${plural(there, 'execution')} did not replay.`,
  );
  if (output.json) {
    output.document({
      replays: bad === 0,
      executions: executions.map(({ error, ...execution }) => ({
        ...execution,
        ...(error && { error: { code: error.code, message: error.message } }),
      })),
      ...(server && { server }),
    });
  }
  return bad === 0 ? EXIT.ok : EXIT.runFailed;
}
