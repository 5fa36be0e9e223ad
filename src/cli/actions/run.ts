import { randomUUID } from 'node:crypto';
import { nodeSha256 } from '../../backends';
import type { Place, RunHandle, Selvage } from '../../client';
import { compile, layoutOf } from '../../engine';
import { validateParameters } from '../../execution';
import { recordOf, type Tapestry } from '../../model';
import type { RunResult } from '../../model/outcome';
import type { RunOptions } from '../commands/run';
import { launchServer } from '../early-server';
import { EXIT } from '../exit-codes';
import { Interruption } from '../interruption';
import { lineagePlace } from '../lineage-place';
import { chooseTapestry, keepTypeScriptLoadable, loadFile } from '../load-file';
import type { Output } from '../output';
import { ownCommand, shellLine } from '../own-command';
import { readParameters } from '../parameters';
import { describePlace } from '../place';
import { ProgressDisplay } from '../progress-display';
import { runDocument } from '../run-document';
import { summarise } from '../run-summary';
import { connectOptions } from '../server-options';

/** A worker that is told to stop gives its bodies 5 s, and some more to commit what they did. */
const DRAIN_LIMIT_MS = 15_000;

/** What is to be done, known to be right before a server is started or anything is written. */
interface Work {
  readonly tapestry: Tapestry<any, any>;
  /** All of the file, for a worker. */
  readonly tapestries: readonly Tapestry<any, any>[];
  readonly parameters: Record<string, unknown>;
  /** Terminal name to knot id. */
  readonly terminals: Readonly<Record<string, string>>;
  readonly runId: string;
}

/** `selvage run`. */
export async function runFile(file: string, options: RunOptions, output: Output): Promise<number> {
  const interruption = new Interruption();
  try {
    const work = await prepare(file, options);
    const selvage = await connect(work, options, output);
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
  const parameters = await readParameters(record, { pairs: options.param, file: options.paramsFile });
  const { plan } = compile(record, { sha256: nodeSha256 });
  const terminals = layoutOf(plan, options.terminals).terminals;
  await validateParameters(record, parameters);
  return {
    tapestry,
    tapestries: loaded.tapestries,
    parameters,
    terminals,
    // Chosen here, so that an interrupted command can always say how to come back.
    runId: options.runId ?? `${tapestry.name}-${randomUUID().slice(0, 8)}`,
  };
}
