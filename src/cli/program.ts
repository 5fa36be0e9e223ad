import { Command } from 'commander';
import { VERSION } from '../version';
import type { Does } from './options/does';
import type { Output } from './output/output';
import { addBackfill } from './verbs/backfill';
import { addBackup } from './verbs/backup';
import { addBulk } from './verbs/bulk';
import { addCache } from './verbs/cache';
import { addCapsule } from './verbs/capsule';
import { addEvents } from './verbs/events';
import { addDebug } from './verbs/debug';
import { addDev } from './verbs/dev';
import { addDiff } from './verbs/diff';
import { addDoctor } from './verbs/doctor';
import { addEmit } from './verbs/emit';
import { addEmitters } from './verbs/emitters';
import { addExport } from './verbs/export';
import { addForget } from './verbs/forget';
import { addGc } from './verbs/gc';
import { addHistory } from './verbs/history';
import { addImpact } from './verbs/impact';
import { addInit } from './verbs/init';
import { addLineage } from './verbs/lineage';
import { addMcp } from './verbs/mcp';
import { addMigrate } from './verbs/migrate';
import { addPartitions } from './verbs/partitions';
import { addPlan } from './verbs/plan';
import { addPrune } from './verbs/prune';
import { addPython } from './verbs/python';
import { addReplay } from './verbs/replay';
import { addReseal } from './verbs/reseal';
import { addRestore } from './verbs/restore';
import { addResume } from './verbs/resume';
import { addRun } from './verbs/run';
import { addRuns } from './verbs/runs';
import { addSchedules } from './verbs/schedules';
import { addScrub } from './verbs/scrub';
import { addServe } from './verbs/serve';
import { addSignal } from './verbs/signal';
import { addStats } from './verbs/stats';
import { addStream } from './verbs/stream';
import { addStreams } from './verbs/streams';
import { addUi } from './verbs/ui';
import { addValidate } from './verbs/validate';
import { addValue } from './verbs/value';
import { addVersions } from './verbs/versions';
import { addWaiting } from './verbs/waiting';
import { addWatch } from './verbs/watch';
import { addWhy } from './verbs/why';
import { addWorker } from './verbs/worker';
import { addWorkers } from './verbs/workers';

/** In the order of `selvage --help`. */
const VERBS = [
  addInit,
  addRun,
  addResume,
  addBackfill,
  addDev,
  addWorker,
  addWorkers,
  addServe,
  addStream,
  addStreams,
  addEmit,
  addUi,
  addRuns,
  addWatch,
  addWaiting,
  addVersions,
  addBulk,
  addSchedules,
  addPartitions,
  addEvents,
  addEmitters,
  addSignal,
  addStats,
  addLineage,
  addHistory,
  addDiff,
  addWhy,
  addImpact,
  addValue,
  addCache,
  addScrub,
  addGc,
  addPrune,
  addForget,
  addReseal,
  addPlan,
  addValidate,
  addExport,
  addPython,
  addCapsule,
  addDebug,
  addMcp,
  addReplay,
  addMigrate,
  addDoctor,
  addBackup,
  addRestore,
];

/**
 * All verbs. Each has a file in `verbs`, which loads slow modules when the verb is called.
 *
 * @param answer receives the exit code of the command
 */
export function createProgram(output: Output, answer: (code: number) => void): Command {
  // Commander passes the command itself as the last argument of an action.
  const does: Does =
    (work) =>
    async (...given) =>
      answer(await work(...(given.slice(0, -1) as typeof given), output));
  const program = new Command('selvage')
    .description('Typed data pipelines, run as durable workflows on Temporal.')
    .version(VERSION)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => output.raw(text),
      writeErr: (text) => output.rawError(text),
      outputError: (text, write) => write(usageLine(text)),
    })
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError('(add --help for what there is)')
    .addHelpText('after', '\nExample:\n  $ selvage run pipeline.ts --param x=5');
  for (const add of VERBS) add(program, does);
  return program;
}

/** Puts commander's own messages in the form of all others. */
function usageLine(text: string): string {
  return text.replace(/^error: /, 'error Usage: ');
}
