import { existsSync } from 'node:fs';
import inspector from 'node:inspector';
import { InvalidArgumentError } from 'commander';
import type { Reproduction } from '../../capsule';
import { SelvageError } from '../../errors';
import type { LoggerLike } from '../../authoring/knot-context';
import type { Backends, RunRecord } from '../../ports';
import { redactText } from '../../values/redact';
import { flag, valued, type Chosen } from '../options/option';
import { JSON_DOCUMENT, PROJECT, collect } from '../options/server-options';
import { EXIT } from '../output/exit-codes';
import { plural } from '../output/format';
import type { Output } from '../output/output';
import { verb } from '../table/verb';

const OPTIONS = {
  knot: valued(
    '<id>',
    'a knot, an element of a map (users[17]), a knot of a run that a knot has started (nightly/users); may be repeated',
    { read: collect },
  ),
  all: flag('all knots', { conflicts: 'knot' }),
  inspect: flag('let a debugger attach'),
  inspectBrk: flag('wait for a debugger, and stop before the body'),
  inspectPort: valued('<number>', 'port for the debugger', { read: port, default: 9229 }),
  ...JSON_DOCUMENT,
  ...PROJECT,
};

type DebugOptions = Chosen<typeof OPTIONS>;

export const addDebug = verb({
  name: 'debug',
  summary: 'run knots of a run again, on the inputs that they had',
  description:
    'Runs bodies of a file again in this process, on the recorded inputs of a run or a capsule. Tells whether each gives the same value, another value ' +
    '(and where they part) or another error. Nothing is recorded. Effects of bodies (write, send, pay) happen again.',
  arguments: {
    '<run>': 'id of a run, or a file of `selvage capsule`',
    '<file>': 'file that exports the tapestry',
  },
  options: OPTIONS,
  after: `
Exit codes: 0 all gave the same result, 1 some did not, 2 usage, bad input, or what is needed is not in the capsule.

Examples:
  $ selvage debug nightly-1f2e3d4c5b6a pipeline.ts --knot users
  $ selvage debug bug.selvage.html pipeline.ts --knot 'users[17]' --inspect-brk
  $ selvage debug bug.selvage.html pipeline.ts --all`,
  async work(source: string, file: string, options: DebugOptions, output: Output) {
    const { withRecords } = await import('../location/records.js');
    const { knot: knots = [], all = false } = options;
    if (knots.length === 0 && !all)
      throw new SelvageError('Usage', 'Say which knots are to run again: --knot ID, or --all.');
    if (existsSync(source)) {
      const { run, backends } = await (await import('../../capsule/index.js')).readCapsule(source);
      return await debug({ run, backends }, file, options, output);
    }
    return await withRecords(options, async (backends) => {
      const run = await backends.runHistory.getRun(source);
      if (run) return await debug({ run, backends }, file, options, output);
      throw new SelvageError(
        'UnknownRun',
        `There is no file ${source}, and the run history knows no run of this id. \`selvage runs list\` shows what there is.`,
        { details: { run: source } },
      );
    });
  },
});

async function debug(
  { run, backends }: { readonly run: RunRecord; readonly backends: Backends },
  file: string,
  options: DebugOptions,
  output: Output,
): Promise<number> {
  const { loadFile } = await import('../files/load-file.js');
  const { tapestries } = await loadFile(file);
  const { knot: knots = [], all = false } = options;
  const { Reproducer } = await import('../../capsule/index.js');
  const reproducer = new Reproducer(backends, tapestries, {
    logger: bodyLines(output),
    beforeBody: pauses(options, output),
  });
  output.warn(
    `${output.yellow('note')} Bodies run for real: what they do outside (write, send, pay) happens again. What depends on the clock or on chance may differ.`,
  );
  const found: Reproduction[] = [];
  const take = async (some: AsyncIterable<Reproduction>): Promise<void> => {
    for await (const one of some) {
      found.push(one);
      output.say(line(one, run, output));
    }
  };
  if (all) await take(reproducer.all(run));
  for (const knot of knots) await take(reproducer.knot(run, knot));
  return conclude(found, output);
}

function line(
  { runId, knotId, verdict, explanation }: Reproduction,
  { run_id }: RunRecord,
  output: Output,
): string {
  const mark = {
    same: output.green('same      '),
    'not-run': output.dim('-         '),
    unreadable: output.yellow('unreadable'),
  };
  const shown = mark[verdict as keyof typeof mark] ?? output.red('differs   ');
  return `${shown} ${runId === run_id ? '' : `${runId}: `}${output.bold(knotId)}  ${redactText(explanation)}`;
}

function conclude(found: readonly Reproduction[], output: Output): number {
  const count = (...verdicts: Reproduction['verdict'][]): number =>
    found.filter(({ verdict }) => verdicts.includes(verdict)).length;
  const different = count('value', 'error', 'outcome');
  const [same, unreadable, notRun] = [count('same'), count('unreadable'), count('not-run')];
  output.say(
    `${plural(same, 'knot')} gave the same result, ${different} did not` +
      `${unreadable > 0 ? `, ${unreadable} could not be run` : ''}${notRun > 0 ? `, ${notRun} without a body` : ''}.`,
  );
  // Unreadable values leave the result open.
  const unlessDifferent = unreadable > 0 ? EXIT.usage : EXIT.ok;
  return output.conclude(different > 0 ? EXIT.runFailed : unlessDifferent, {
    same,
    different,
    unreadable,
    notRun,
    knots: found.map(({ error, ...one }) => ({ ...one, code: error?.code })),
  });
}

function bodyLines(output: Output): LoggerLike {
  const at =
    (level: string) =>
    (fields: object, message: string): void =>
      output.logLine(
        `${level} ${message}${Object.keys(fields).length > 0 ? ` ${JSON.stringify(fields)}` : ''}`,
      );
  return { debug: at('DEBUG'), info: at('INFO '), warn: at('WARN '), error: at('ERROR') };
}

/** Lets a debugger attach; `--inspect-brk` waits for a debugger, and pauses before each body. */
function pauses(
  { inspect = false, inspectBrk = false, inspectPort }: DebugOptions,
  output: Output,
): (knot: string) => void {
  if (!inspect && !inspectBrk) return () => {};
  if (inspector.url() === undefined) inspector.open(inspectPort, '127.0.0.1');
  output.warn(
    `Debugger listening on ${inspector.url() ?? ''}: open chrome://inspect, or attach your editor.`,
  );
  if (!inspectBrk) return () => {};
  inspector.waitForDebugger();
  return () => {
    // In a debugger, step into the body from here.
    debugger;
  };
}

function port(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 0 && value <= 65_535) return value;
  throw new InvalidArgumentError('It must be a whole number from 0 to 65535.');
}
