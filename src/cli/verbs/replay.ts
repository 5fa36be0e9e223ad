import { SelvageError } from '../../errors';
import type { ReplayedExecution } from '../../worker';
import { valued, type Chosen } from '../options/option';
import { JSON_DOCUMENT, SERVER } from '../options/server-options';
import { EXIT } from '../output/exit-codes';
import { plural, shorten } from '../output/format';
import type { Output } from '../output/output';
import { verb } from '../table/verb';

const OPTIONS = {
  file: valued('<file>', 'a history as JSON, also gzipped, instead of a run of a server'),
  ...JSON_DOCUMENT,
  ...SERVER,
};

export const addReplay = verb({
  name: 'replay',
  summary: 'try whether this version can go on with a run',
  description:
    'Replays the history of a run by the interpreter of this installation, and tells where that would do something else. Includes what the run was ' +
    'continued in or reset to, and all its child runs. No body runs and nothing is changed.',
  arguments: { '[run-id]': '' },
  options: OPTIONS,
  after: `
Exit codes: 0 all replays, 1 something does not, 2 usage, unknown run or a workflow that is none of Selvage's.

Examples:
  $ selvage replay quickstart-1f2e3d4c5b6a --address temporal.example.com:7233
  $ temporal workflow show --workflow-id quickstart-1f2e3d4c5b6a --output json > history.json
  $ selvage replay --file history.json`,
  async work(runId: string | undefined, options: Chosen<typeof OPTIONS>, output: Output) {
    const { readHistoryFile } = await import('../files/history-file.js');
    const { withClient } = await import('../location/connect.js');
    const { installReplayLogger } = await import('../location/logging.js');
    const { file } = options;
    if ((runId === undefined) === (file === undefined)) {
      throw new SelvageError('Usage', 'Say what to replay: the id of a run, or a history by --file.');
    }
    if (file !== undefined) {
      const history = await readHistoryFile(file);
      await installReplayLogger(output);
      const execution = await (await import('../../worker/replay.js')).replayHistory(history);
      show(execution, execution.runId, output);
      const skippedChildRuns = execution.childRuns.map((child) => child.runId);
      return conclude([execution], skippedChildRuns, output);
    }
    return await withClient(options, output, async (selvage) => {
      await installReplayLogger(output);
      const executions: ReplayedExecution[] = [];
      for await (const execution of (await import('../../worker/replay.js')).replayRun(
        selvage.client,
        runId!,
      )) {
        show(execution, runId!, output);
        executions.push(execution);
      }
      return conclude(executions, [], output, selvage.location);
    });
  },
});

const SHOWN_SKIPPED = 500;

/** @param asked the requested run; others are printed with their ids */
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

/** @param skippedChildRuns ids of child runs whose histories are missing */
function conclude(
  executions: readonly ReplayedExecution[],
  skippedChildRuns: readonly string[],
  output: Output,
  server?: object,
): number {
  const bad = executions.filter(({ error }) => error !== undefined).length;
  const gone = executions.filter(({ verdict }) => verdict === 'gone').length;
  const tried = executions.length - gone;
  const all = gone + skippedChildRuns.length === 0 ? '' : ' as far as was tried';
  output.say(
    bad === 0
      ? `This version can go on with it${all}: ${plural(tried, 'execution')} replayed.`
      : `This version cannot go on with it: ${bad} of ${plural(tried, 'execution')} did not replay.`,
  );
  if (gone > 0)
    output.say(
      output.yellow(`Not tried: ${plural(gone, 'execution')} of which the server has no history any more.`),
    );
  if (skippedChildRuns.length > 0) {
    const named = shorten(skippedChildRuns.join(', '), SHOWN_SKIPPED);
    output.say(
      output.yellow(
        `Not tried: ${plural(skippedChildRuns.length, 'child run')}, with histories of their own: ${named}. \`selvage replay RUN\` tries all of a run.`,
      ),
    );
  }
  return output.conclude(bad === 0 ? EXIT.ok : EXIT.runFailed, {
    replays: bad === 0,
    skippedChildRuns,
    executions: executions.map(({ error, ...execution }) => ({
      ...execution,
      error: error && { code: error.code, message: error.message },
    })),
    server,
  });
}
