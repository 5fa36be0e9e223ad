import { Command, Help } from 'commander';
import type { Group } from '../operations/operation';
import { SUMMARIES } from '../operations/summaries';
import { VERSION } from '../version';
import type { Does } from './options/does';
import { docsOf, SelvageError } from '../errors';
import { CONNECTION, apiOf, type ServerOptions } from './options/server-options';
import type { Output } from './output/output';
import { addLateVerb, complete, type LateVerb } from './table/late-verb';
import { addBackfill } from './verbs/backfill';
import { addBackup, addRestore } from './verbs/backup';
import { addCapsule } from './verbs/capsule';
import { addDebug } from './verbs/debug';
import { addDev } from './verbs/dev';
import { addDoctor } from './verbs/doctor';
import { addEmit } from './verbs/emit';
import { addExport } from './verbs/export';
import { addForget } from './verbs/forget';
import { addInit } from './verbs/init';
import { addMcp } from './verbs/mcp';
import { addMigrate } from './verbs/migrate';
import { addPlan } from './verbs/plan';
import { addPython } from './verbs/python';
import { addReplay } from './verbs/replay';
import { addReseal } from './verbs/reseal';
import { addResume } from './verbs/resume';
import { addRun } from './verbs/run';
import { addServe } from './verbs/serve';
import { addStream } from './verbs/stream';
import { addUi } from './verbs/ui';
import { addValidate } from './verbs/validate';
import { addValue } from './verbs/value';
import { addWatch } from './verbs/watch';
import { addWorker } from './verbs/worker';

type Verb = ((program: Command, does: Does) => void) | LateVerb;

/** An operation with a verb of its own. */
const late = (name: keyof typeof SUMMARIES, load: LateVerb['load']): LateVerb => ({
  ...SUMMARIES[name],
  load,
});

/** All verbs, in the order of `selvage --help`. */
const VERBS: Readonly<Record<Group, readonly Verb[]>> = {
  write: [addInit, addPlan, addValidate, addExport, addPython],
  start: [addRun, addResume, addBackfill, addDev, addWorker, addServe, addStream, addEmit],
  see: [
    late('project.overview', async () => (await import('./show/overview.js')).addOverview),
    addUi,
    {
      verb: 'runs',
      summary: 'list, show, cancel and terminate runs; their logs',
      example: 'selvage runs list --status failed',
      load: async () => (await import('./verbs/runs/index.js')).addRuns,
    },
    addWatch,
    late('runs.waiting', async () => (await import('./show/waiting-runs.js')).addWaiting),
    late('partitions.list', async () => (await import('./show/partitions.js')).addPartitions),
    late('stats.show', async () => (await import('./show/stats.js')).addStats),
    late('lineage.list', async () => (await import('./show/lineage.js')).addLineage),
    late('lineage.diff', async () => (await import('./show/diff.js')).addDiff),
    late('lineage.why', async () => (await import('./show/lineage.js')).addWhy),
    late('lineage.impact', async () => (await import('./show/lineage.js')).addImpact),
    addValue,
    {
      verb: 'tables',
      summary: 'rows of tables, with types and statistics',
      example: 'selvage tables show table-sha256:4f2a --sort price',
      load: async () => (await import('./show/tables.js')).addTables,
    },
    {
      verb: 'cache',
      summary: 'whether and why a value was reused',
      load: async () => (await import('./show/cache.js')).addCache,
    },
    addDebug,
    addMcp,
  ],
  operate: [
    late('workers.list', async () => (await import('./show/workers.js')).addWorkers),
    late('versions.list', async () => (await import('./show/versions.js')).addVersions),
    {
      verb: 'bulk',
      summary: 'cancel, terminate, resume and signal many runs',
      example: 'selvage bulk resume --status failed --since 2h --dry-run',
      load: async () => (await import('./verbs/bulk/index.js')).addBulk,
    },
    late('runs.signal', async () => (await import('./show/signal.js')).addSignal),
    {
      verb: 'schedules',
      summary: 'deploy, show, pause and trigger schedules',
      example: 'selvage schedules deploy pipeline.ts --dry-run',
      load: async () => (await import('./show/schedules.js')).addSchedules,
    },
    {
      verb: 'streams',
      summary: 'how streams stand; pause, resume and drain them',
      example: 'selvage streams list',
      load: async () => (await import('./show/streams.js')).addStreams,
    },
    {
      verb: 'events',
      summary: 'which events have started which runs',
      example: 'selvage events list --trigger kafka:orders',
      load: async () => (await import('./show/events.js')).addEvents,
    },
    {
      verb: 'emitters',
      summary: 'emitters: lag, failures, dead letters',
      example: 'selvage emitters list',
      load: async () => (await import('./show/emitters.js')).addEmitters,
    },
    addReplay,
    addDoctor,
  ],
  data: [
    {
      verb: 'history',
      summary: 'export the run history, or copy it to another database',
      example: 'selvage history export --to exported',
      load: async () => (await import('./verbs/history/index.js')).addHistory,
    },
    {
      verb: 'scrub',
      summary: 'remove values, and keep the lineage',
      load: async () => (await import('./verbs/scrub.js')).addScrub,
    },
    {
      verb: 'gc',
      summary: 'remove values that nothing refers to',
      load: async () => (await import('./verbs/gc.js')).addGc,
    },
    {
      verb: 'prune',
      summary: 'remove old runs with their lineage, and values that nothing else refers to',
      load: async () => (await import('./verbs/prune.js')).addPrune,
    },
    addForget,
    addReseal,
    addCapsule,
    addMigrate,
    addBackup,
    addRestore,
  ],
};

/**
 * Adds all verbs, each of which loads slow modules only when it is called.
 *
 * @param answer receives the command's exit code
 * @param helpsWithAll shows options of the connection in help texts
 */
export function createProgram(output: Output, answer: (code: number) => void, helpsWithAll = false): Command {
  // Commander passes the command itself as the last argument of an action.
  const does: Does =
    (work) =>
    async (...given) =>
      answer(await work(...(given.slice(0, -1) as typeof given), output));
  const program: Command = new Command('selvage')
    .description('Typed data pipelines, run as durable workflows on Temporal.')
    .version(VERSION)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => output.raw(text),
      writeErr: (text) => output.rawError(text),
      // Commander's own messages have the common form.
      outputError: (text, write) => write(`${text.replace(/^error: /, 'error Usage: ')}${docsOf('Usage')}\n`),
    })
    .helpOption('-h, --help', 'display help; with --all, how it connects, too')
    .configureHelp({
      showGlobalOptions: true,
      subcommandTerm(command) {
        return command.parent === program ? command.name() : Help.prototype.subcommandTerm(command);
      },
      visibleOptions(command) {
        const options = Help.prototype.visibleOptions.call(this, command);
        return options.filter(({ helpGroupHeading }) => helpsWithAll || helpGroupHeading !== CONNECTION);
      },
    })
    .hook('preSubcommand', (_, verb) => complete(verb))
    .hook('preAction', (_, command) => requireHere(command, program))
    .showHelpAfterError('(add --help for what there is)')
    .addHelpText('after', '\nExample:\n  $ selvage run pipeline.ts --param x=5');
  for (const [group, verbs] of Object.entries(VERBS)) {
    program.commandsGroup(headingOf(group));
    for (const verb of verbs)
      if (typeof verb === 'function') verb(program, does);
      else addLateVerb(program, does, verb);
  }
  return program.commandsGroup('Help:').helpCommand('help [command]', 'display help for command');
}

/** Groups whose verbs read or change records, and single verbs that do. */
const ABOUT_RECORDS: readonly Group[] = ['see', 'operate', 'data'];
const ALSO_ABOUT_RECORDS = ['resume', 'backfill', 'emit'];

/**
 * Refuses a verb that cannot ask the page elsewhere that the environment names.
 *
 * @throws SelvageError `InvalidConfig`
 */
function requireHere(command: Command, program: Command): void {
  const options: ServerOptions = command.opts();
  const has = (name: string): boolean => command.options.some(({ long }) => long === name);
  if (apiOf(options) === undefined) return;
  // A verb without `--project-dir` is about a file.
  if (has('--api') || !has('--project-dir')) return;
  const names: string[] = [];
  let verb = command;
  for (; verb !== program; verb = verb.parent!) names.unshift(verb.name());
  const top = program.commands.find((one) => one.name() === names[0])!;
  const isAboutRecords =
    ALSO_ABOUT_RECORDS.includes(top.name()) ||
    ABOUT_RECORDS.some((group) => top.helpGroup() === headingOf(group));
  if (!isAboutRecords) return;
  throw new SelvageError(
    'InvalidConfig',
    `SELVAGE_API names a page elsewhere, which \`selvage ${names.join(' ')}\` cannot ask. If a project here is meant, name it by --project-dir, or unset the variable.`,
    { details: { variable: 'SELVAGE_API' } },
  );
}

const headingOf = (group: string): string => `${group.charAt(0).toUpperCase()}${group.slice(1)}:`;
