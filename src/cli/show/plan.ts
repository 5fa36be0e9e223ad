import { formatBytes } from '../../visualisation/words';
import { HOLD_EVENTS, type RunBudget } from '../../plan';
import type { ReportedChanges } from '../../visualisation/report';
import { plural, shorten } from '../output/format';
import type { Output } from '../output/output';

const NAMED_KNOTS = 5;

export function describeChanges(changes: ReportedChanges, output: Output): string {
  const { since, added, removed, changed, below, same, reusable } = changes;
  const lines = [
    ...changed.map(({ knotId, what }) => `  changed  ${knotId}: ${what}`),
    ...added.map((knot) => `  new      ${knot}`),
    ...removed.map((knot) => `  removed  ${knot}`),
    `  ${plural(below.length, 'knot')} below these, ${same.length} as before, of which ${reusable.length} can be reused`,
  ];
  return [`${output.bold('Against')} ${since}`, ...lines].join('\n');
}

interface Planned {
  readonly tapestry: string;
  readonly planHash: string;
  readonly planBytes: number;
  readonly budget: RunBudget;
}

export function describe({ tapestry, planHash, planBytes, budget }: Planned, output: Output): string {
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
