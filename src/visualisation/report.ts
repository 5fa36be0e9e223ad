import { parentsOf, type GraphKnot, type RunGraph } from '../authoring/run-graph';
import { cut, seenLine } from './escape';
import { mermaidOf } from './mermaid';
import type { RunWords } from './svg';
import { countLooks, lookOf } from './marks';
import {
  durationOf,
  formatCount,
  formatDuration,
  LOOK_WORDS,
  LOOKS,
  runDuration,
  shortHash,
  SIGNS,
} from './words';

/** Maximum number of rows of a table: a comment on GitHub has at most 65,536 characters. */
const ROWS = 40;
const SLOWEST = 5;
const LONGEST_GRAPH = 20_000;
const MESSAGE = 300;

/** Changes since another plan of the tapestry. */
export interface ReportedChanges {
  /** `run nightly-1f2e3d4c5b6a`, `pipeline.ts`. */
  readonly since: string;
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly { readonly knotId: string; readonly what: string }[];
  readonly below: readonly string[];
  readonly same: readonly string[];
  readonly reusable: readonly string[];
}

/** A run's outcome as Markdown for a pull request: counts, failures, reused knots, slow knots, a small graph. */
export function reportOfRun(graph: RunGraph, { runId, status, error }: RunWords): string {
  const { knots, tapestry } = graph;
  const counts = countLooks(knots);
  const took = runDuration(knots);
  const told = LOOKS.filter((look) => counts[look] > 0).map(
    (look) => `${SIGNS[look]} ${formatCount(counts[look])} ${LOOK_WORDS[look]}`,
  );
  const failed = knots.filter((knot) => lookOf(knot) === 'failed');
  const reused = knots.filter((knot) => lookOf(knot) === 'reused');
  const slow = knots
    .map((knot) => ({ knot, took: knot.kind === 'parameter' ? 0 : (durationOf(knot) ?? 0) }))
    .filter((each) => each.took >= 1000)
    .sort((a, b) => b.took - a.took)
    .slice(0, SLOWEST);
  return page([
    `## Run ${code(runId)} of ${code(tapestry)}: ${status}`,
    [...told, ...(took === undefined ? [] : [formatDuration(took)])].join(' · '),
    ...(error ? [`**${code(error.type)}**: ${code(cut(seenLine(error.message), MESSAGE))}`] : []),
    ...table('Failed', ['Knot', 'Error', 'Attempts', 'Took'], failed, (knot) => [
      code(knot.id),
      errorOf(knot),
      String(knot.state!.attempt),
      formatDuration(durationOf(knot) ?? 0),
    ]),
    ...table('Reused', ['Knot', 'Value', 'Made by run'], reused, ({ id, state }) => [
      code(id),
      state!.outputHash === undefined ? '' : code(shortHash(state!.outputHash)),
      code(state!.cachedFromRun!),
    ]),
    ...table('Slowest', ['Knot', 'Took', 'Attempt'], slow, (each) => [
      code(each.knot.id),
      formatDuration(each.took),
      String(each.knot.state!.attempt),
    ]),
    ...graphPart(graph),
  ]);
}

/** A tapestry as Markdown for a pull request: size, changes since another plan, a small graph. */
export function reportOfPlan(graph: RunGraph, changes?: ReportedChanges): string {
  const { knots, tapestry, planHash } = graph;
  const parameters = knots.filter(({ kind }) => kind === 'parameter').length;
  const inputs = knots.reduce((sum, knot) => sum + parentsOf(knot).length, 0);
  return page([
    `## Plan of ${code(tapestry)}`,
    `${plural(knots.length - parameters, 'knot')}, ${plural(parameters, 'parameter')}, ${plural(inputs, 'edge')} · ${code(shortHash(planHash))}`,
    ...(changes ? changesPart(changes) : []),
    ...graphPart(graph),
  ]);
}

function changesPart(changes: ReportedChanges): string[] {
  const { since, added, removed, changed, below, same, reusable } = changes;
  const isSame = added.length + removed.length + changed.length === 0;
  if (isSame) return [`### Against ${code(since)}`, 'Nothing has changed: a run would do the same.'];
  const rows = [
    ...changed.map(({ knotId, what }) => [code(knotId), 'changed', code(what)]),
    ...added.map((knot) => [code(knot), 'new', '']),
    ...removed.map((knot) => [code(knot), 'removed', '']),
  ];
  const others = same.length - reusable.length;
  return [
    `### Against ${code(since)}`,
    [
      `${formatCount(changed.length)} changed`,
      `${formatCount(added.length)} new`,
      `${formatCount(removed.length)} removed`,
      `${formatCount(below.length)} below these`,
      `${formatCount(same.length)} as before`,
    ].join(' · '),
    ...table(undefined, ['Knot', 'Is', 'What'], rows, (row) => row),
    ...(below.length > 0 ? [`**Runs again for what is above it:** ${names(below)}`] : []),
    ...(reusable.length > 0 ? [`**Reused, where the parameters are the same:** ${names(reusable)}`] : []),
    ...(others > 0
      ? [
          `${plural(others, 'knot')} of those that are as before ${others === 1 ? 'keeps' : 'keep'} no value for later runs, and would run again.`,
        ]
      : []),
  ];
}

function names(ids: readonly string[]): string {
  const more = ids.length > ROWS ? ` and ${formatCount(ids.length - ROWS)} more` : '';
  return `${ids.slice(0, ROWS).map(code).join(', ')}${more}`;
}

function plural(count: number, word: string): string {
  return `${formatCount(count)} ${word}${count === 1 ? '' : 's'}`;
}

function errorOf({ state }: GraphKnot): string {
  const { error } = state!;
  return error ? code(cut(seenLine(`${error.type}: ${error.message}`), MESSAGE)) : '';
}

function table<Row>(
  title: string | undefined,
  headings: readonly string[],
  rows: readonly Row[],
  cells: (row: Row) => readonly string[],
): string[] {
  if (rows.length === 0) return [];
  const lines = [headings, headings.map(() => '---'), ...rows.slice(0, ROWS).map(cells)];
  const more = rows.length > ROWS ? [`… and ${formatCount(rows.length - ROWS)} more.`] : [];
  return [
    ...(title === undefined ? [] : [`### ${title}`]),
    lines.map((line) => `| ${line.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`).join('\n'),
    ...more,
  ];
}

/** The graph as a chart, only if Mermaid draws it in full and it leaves room in a comment. */
function graphPart(graph: RunGraph): string[] {
  if (graph.knots.length === 0) return [];
  const chart = mermaidOf(graph);
  if (chart.startsWith('%%') || chart.length > LONGEST_GRAPH) return [];
  return [`<details>\n<summary>Graph</summary>\n\n\`\`\`mermaid\n${chart}\`\`\`\n\n</details>`];
}

/** Quotes data as code: it becomes no markup or link, and an `@` notifies nobody. */
function code(text: string): string {
  const line = seenLine(text);
  if (line === '') return '` `';
  const longest = Math.max(0, ...[...line.matchAll(/`+/g)].map(([ticks]) => ticks.length));
  const fence = '`'.repeat(longest + 1);
  return longest > 0 ? `${fence} ${line} ${fence}` : `${fence}${line}${fence}`;
}

function page(parts: readonly string[]): string {
  return `${parts.join('\n\n')}\n`;
}
