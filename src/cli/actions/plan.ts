import { nodeSha256 } from '../../adapters/shared/node-sha256';
import { budgetOf, layoutOf, HOLD_EVENTS, type RunBudget } from '../../engine';
import { planOf } from '../../execution';
import { recordOf } from '../../model';
import type { PlanOptions } from '../commands/plan';
import { EXIT } from '../exit-codes';
import { plural, shorten } from '../format';
import { chooseTapestry, loadFile } from '../load-file';
import type { Output } from '../output';
import { warnOfUnused } from '../warn-of-unused';

const NAMED_KNOTS = 5;

/** `selvage plan`. */
export async function planFile(file: string, options: PlanOptions, output: Output): Promise<number> {
  const tapestry = recordOf(chooseTapestry(await loadFile(file), options.tapestry));
  const plan = planOf(tapestry, nodeSha256);
  const layout = options.terminals ? layoutOf(plan.plan, options.terminals) : plan.loaded.layout;
  const budget = budgetOf(layout);
  warnOfUnused(tapestry, output);
  const planBytes = Buffer.byteLength(plan.text);
  output.say(describe({ tapestry: tapestry.name, planHash: plan.hash, planBytes, budget }, output));
  if (output.json) output.document({ tapestry: tapestry.name, planHash: plan.hash, planBytes, ...budget });
  return EXIT.ok;
}

interface Planned {
  readonly tapestry: string;
  readonly planHash: string;
  readonly planBytes: number;
  readonly budget: RunBudget;
}

function describe({ tapestry, planHash, planBytes, budget }: Planned, output: Output): string {
  const { knots, parameters, localKnots, edges, depth, width, segments } = budget;
  const local = localKnots === 0 ? '' : `; ${localKnots} local, in at most ${plural(segments, 'segment')}`;
  const rows: readonly (readonly [string, string])[] = [
    ['Plan', `${planHash}, ${formatBytes(planBytes)}`],
    [
      'Knots',
      `${knots}${local}; ${plural(parameters, 'parameter')}; ${plural(edges, 'input')} from other knots`,
    ],
    ['Depth', `${depth}, and at most ${width} side by side on one level`],
    ['Events', `at most ${grouped(budget.events)}`],
    [
      'Bytes',
      `at most ${formatBytes(budget.bytes)} of history, of which the layout takes ${formatBytes(budget.layoutBytes)} in each execution`,
    ],
    ['Pending', `at most ${plural(budget.pendingActivities, 'activity', 'activities')} at once`],
    ['Layout', describeLayout(budget)],
  ];
  return [
    output.bold(tapestry),
    ...rows.map(([name, text]) => `  ${output.dim(name.padEnd(8))} ${text}`),
  ].join('\n');
}

function describeLayout({ executions, childRuns, slowKnots }: RunBudget): string {
  const chain =
    executions === 1
      ? 'one execution'
      : `at most ${executions} executions, each continuing the one before (continue-as-new)`;
  const slow = new Set(slowKnots);
  const expanding = childRuns.filter((id) => !slow.has(id));
  const [whose, whom] = slow.size === 1 ? ['its timeout is', 'it'] : ['their timeouts are', 'them'];
  const parts = [
    chain,
    ...inChildRuns(expanding, 'as maps, loops and other tapestries always are'),
    ...inChildRuns(
      slowKnots,
      `for ${whose} over an hour and a run of over ${grouped(HOLD_EVENTS)} events must not wait for ${whom} to continue`,
    ),
  ];
  return parts.join('; ');
}

function inChildRuns(ids: readonly string[], why: string): string[] {
  if (ids.length === 0) return [];
  const named = ids.slice(0, NAMED_KNOTS).map((id) => shorten(id, 60));
  const more = ids.length > NAMED_KNOTS ? ` and ${ids.length - NAMED_KNOTS} more` : '';
  const where = ids.length === 1 ? 'a child run' : 'child runs';
  return [`${plural(ids.length, 'knot')} in ${where} (${named.join(', ')}${more}), ${why}`];
}

function grouped(count: number): string {
  return count.toLocaleString('en-GB');
}

/** `512 B`, `2.1 KiB`, `48 MiB`. */
function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  const [size, unit] = bytes < 1024 * 1024 ? [bytes / 1024, 'KiB'] : [bytes / (1024 * 1024), 'MiB'];
  return `${size < 10 ? size.toFixed(1) : Math.round(size)} ${unit}`;
}
