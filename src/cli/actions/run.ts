import { randomUUID } from 'node:crypto';
import { nodeSha256 } from '../../backends';
import type { RunHandle, Selvage } from '../../client';
import { compile, layoutOf } from '../../engine';
import { validateParameters } from '../../execution';
import { recordOf } from '../../model';
import type { RunResult } from '../../model/outcome';
import type { RunOptions } from '../commands/run';
import { closeInTime } from '../close-in-time';
import { launchServer } from '../early-server';
import { EXIT } from '../exit-codes';
import { Interruption } from '../interruption';
import { late } from '../late-imports';
import { lineagePlace } from '../lineage-place';
import { type AnyTapestry, chooseTapestry, keepTypeScriptLoadable, loadFile } from '../load-file';
import type { Output } from '../output';
import { ownCommand, shellLine } from '../own-command';
import { readParameters } from '../parameters';
import { describePlace } from '../place';
import { requireWorker } from '../pollers';
import { ProgressDisplay } from '../progress-display';
import { runDocument } from '../run-document';
import { summarise } from '../run-summary';
import { installSdkLogger } from '../sdk-logger';
import { connectOptions } from '../server-options';

/** What is to be done, known to be right before a server is started or anything is written. */
interface Work {
  readonly tapestry: AnyTapestry;
  /** All of the file, for a worker. */
  readonly tapestries: readonly AnyTapestry[];
  readonly parameters: Record<string, unknown>;
  readonly runId: string;
}

/** `selvage run`. */
export async function runFile(file: string, options: RunOptions, output: Output): Promise<number> {
  const interruption = new Interruption();
  try {
    const ready = await interruption.orAsked(
      prepare(file, options).then(async (work) => ({ work, selvage: await connect(work, options, output) })),
    );
    if (!ready) {
      output.warn('Interrupted before the run was started.');
      return interruption.exitCode;
    }
    const { work, selvage } = ready;
    return options.detach
      ? await startOnly(selvage, work, options, output, interruption)
      : await runHere(selvage, work, options, output, interruption);
  } finally {
    interruption.stop();
  }
}

async function prepare(file: string, options: RunOptions): Promise<Work> {
  const loaded = await loadFile(file);
  const tapestry = chooseTapestry(loaded, options.tapestry);
  const record = recordOf(tapestry);
  const parameters = await readParameters(record, { pairs: options.param ?? [], file: options.paramsFile });
  const { plan } = compile(record, { sha256: nodeSha256 });
  layoutOf(plan, options.terminals);
  await validateParameters(record, parameters);
  return {
    tapestry,
    tapestries: loaded.tapestries,
    parameters,
    // Chosen here, so that an interrupted command can always say how to come back.
    runId: options.runId ?? `${tapestry.name}-${randomUUID().slice(0, 8)}`,
  };
}

async function connect(work: Work, options: RunOptions, output: Output): Promise<Selvage> {
  const connection = connectOptions(options, output);
  const release = await launchServer(connection);
  try {
    // Temporal's client loads while the server comes up.
    const { Selvage } = late.client();
    if (!options.detach) installSdkLogger(output);
    const selvage = options.detach
      ? await Selvage.connect(connection)
      : await Selvage.open({ ...connection, tapestries: work.tapestries });
    output.say(describePlace(selvage.place));
    return selvage;
  } finally {
    await release();
  }
}

function start(selvage: Selvage, work: Work, options: RunOptions): Promise<RunHandle> {
  return selvage.start(work.tapestry, work.parameters, {
    runId: work.runId,
    ifExists: 'attach',
    trigger: 'cli',
    ...(options.terminals && { terminals: options.terminals }),
  });
}

async function startOnly(
  selvage: Selvage,
  work: Work,
  options: RunOptions,
  output: Output,
  interruption: Interruption,
): Promise<number> {
  try {
    const started = requireWorker(selvage).then(() => start(selvage, work, options));
    const run = await interruption.orAsked(started);
    if (!run) return leave(work, options, output, interruption);
    const { runId } = run;
    const show = `${ownCommand()} ${shellLine(['runs', 'show', runId])}`;
    output.say(`Run ${runId} of ${work.tapestry.name} is started. See how it stands: ${show}`);
    if (output.json) {
      output.document({ runId, tapestry: work.tapestry.name, status: 'running', server: selvage.place });
    }
    return EXIT.ok;
  } finally {
    await selvage.close();
  }
}

async function runHere(
  selvage: Selvage,
  work: Work,
  options: RunOptions,
  output: Output,
  interruption: Interruption,
): Promise<number> {
  try {
    keepTypeScriptLoadable();
    const run = await interruption.orAsked(start(selvage, work, options));
    if (!run) return leave(work, options, output, interruption);
    output.say(`Run ${run.runId} of ${work.tapestry.name}`);
    const display = new ProgressDisplay(output);
    const result = await Promise.race([
      follow(run, display),
      // A worker that cannot go on leaves the run waiting, and nobody would hear why.
      selvage.workerEnded.then(() => undefined),
      interruption.asked.then(() => undefined),
    ]).finally(() => display.stop());
    if (!result) return leave(work, options, output, interruption);
    await showResult(selvage, result, work, options, output);
    return result.status === 'succeeded' ? EXIT.ok : EXIT.runFailed;
  } finally {
    await closeInTime(selvage, output);
  }
}

async function follow(run: RunHandle, display: ProgressDisplay): Promise<RunResult> {
  for await (const progress of run.progress()) display.show(progress);
  return await run.result();
}

async function showResult(
  selvage: Selvage,
  result: RunResult,
  work: Work,
  options: RunOptions,
  output: Output,
): Promise<void> {
  const lineage = lineagePlace(result.runId, options.projectDir);
  const record = await selvage.backends.runHistory.getRun(result.runId);
  const elapsed = record ? (record.finished_at ?? Date.now()) - record.started_at : 0;
  output.say(summarise({ result, terminals: record?.terminals ?? {}, elapsed, lineage }, output));
  if (output.json) {
    output.document(runDocument(result, { tapestry: work.tapestry.name, lineage, server: selvage.place }));
  }
}

/** The words hold also where the server may not have heard of the run yet: the same command starts it then. */
function leave(work: Work, options: RunOptions, output: Output, interruption: Interruption): number {
  const words = process.argv.slice(2);
  const back = options.runId === undefined ? [...words, '--run-id', work.runId] : words;
  output.warn(`Interrupted. Run ${work.runId} goes on as soon as a worker is there; come back to it with:`);
  output.warn(`  ${ownCommand()} ${shellLine(back)}`);
  if (!options.detach) {
    output.warn('Stopping the worker: running bodies have 5 s to end. Ctrl-C again to end at once.');
  }
  return interruption.exitCode;
}
