import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { nodeSha256 } from '../../backends';
import type { RunHandle, Selvage } from '../../client';
import { compile, layoutOf } from '../../engine';
import { validateParameters } from '../../execution';
import { recordOf } from '../../model';
import type { RunResult } from '../../model/outcome';
import type { RunOptions } from '../commands/run';
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

/** A worker that is told to stop gives its bodies 5 s, and some more to commit what they did. */
const DRAIN_LIMIT_MS = 15_000;

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
    const work = await prepare(file, options);
    const selvage = await Promise.race([
      connect(work, options, output),
      interruption.asked.then(() => undefined),
    ]);
    if (!selvage) {
      output.warn('Interrupted before the run was started.');
      return interruption.exitCode;
    }
    return options.detach
      ? await startOnly(selvage, work, options, output)
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

async function startOnly(selvage: Selvage, work: Work, options: RunOptions, output: Output): Promise<number> {
  try {
    await requireWorker(selvage);
    const { runId } = await start(selvage, work, options);
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
    const run = await start(selvage, work, options);
    output.say(`Run ${run.runId} of ${work.tapestry.name}`);
    const display = new ProgressDisplay(output);
    const result = await Promise.race([
      follow(run, display),
      // A worker that cannot go on leaves the run waiting, and nobody would hear why.
      selvage.workerEnded.then(() => undefined),
      interruption.asked.then(() => undefined),
    ]).finally(() => display.stop());
    if (!result) return leave(run, options, output, interruption);
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
  const elapsed = record ? Math.max(0, (record.finished_at ?? Date.now()) - record.started_at) : 0;
  output.say(summarise({ result, terminals: record?.terminals ?? {}, elapsed, lineage }, output));
  if (output.json) {
    output.document(runDocument(result, { tapestry: work.tapestry.name, lineage, server: selvage.place }));
  }
}

function leave(run: RunHandle, options: RunOptions, output: Output, interruption: Interruption): number {
  const words = process.argv.slice(2);
  const back = options.runId === undefined ? [...words, '--run-id', run.runId] : words;
  output.warn(`Interrupted. Run ${run.runId} goes on as soon as a worker is there; come back to it with:`);
  output.warn(`  ${ownCommand()} ${shellLine(back)}`);
  output.warn('Stopping the worker: running bodies have 5 s to end. Ctrl-C again to end at once.');
  return interruption.exitCode;
}

/** A body that does not hear of its signal must not keep the command for ever; its knot is run again elsewhere. */
async function closeInTime(selvage: Selvage, output: Output): Promise<void> {
  const limit = new AbortController();
  const isClosed = await Promise.race([
    selvage.close().then(() => true),
    delay(DRAIN_LIMIT_MS, false, { signal: limit.signal, ref: false }),
  ]);
  limit.abort();
  if (!isClosed)
    output.warn(
      `A body did not end within ${DRAIN_LIMIT_MS / 1000} s; it is left, and runs again in the next worker.`,
    );
}
