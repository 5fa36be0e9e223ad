import { parentsOf, type GraphKnot, type RunGraph } from '../authoring/run-graph';
import { cut, seenLine } from './escape';
import { groupsOf, labelIn, type Grouping } from './groups';
import { countLooks, lookOf, marksOf } from './marks';
import {
  durationOf,
  formatCount,
  formatDuration,
  kindWords,
  LOOK_WORDS,
  LOOKS,
  SIGNS,
  type Look,
} from './words';
import { append } from '../values/append';

/** Mermaid's default limits; beyond them it draws nothing. */
const MOST_EDGES = 500;
const MOST_CHARACTERS = 50_000;
const LABEL = 60;

/** Colours that are legible on light and dark pages. */
const STYLES: Readonly<Record<Look, string>> = {
  ok: 'fill:#e3f3e9,stroke:#2f8f5b,color:#12311f',
  reused: 'fill:#e4eefb,stroke:#3b76c4,color:#12294a',
  failed: 'fill:#fbe5e3,stroke:#c9372c,color:#4a1410,stroke-width:3px',
  skipped: 'fill:#f1f1f3,stroke:#8a8f98,color:#4d525b,stroke-dasharray:5 4',
  open: 'fill:#ffffff,stroke:#8a8f98,color:#1f2328',
};

const SHAPES: Partial<Record<GraphKnot['kind'], readonly [string, string]>> = {
  parameter: ['([', '])'],
  branch: ['{{', '}}'],
  gate: ['{{', '}}'],
  firstOk: ['{{', '}}'],
  path: ['>', ']'],
  map: ['[[', ']]'],
  loop: ['[[', ']]'],
  subTapestry: ['[[', ']]'],
  waitForSignal: ['(', ')'],
  sleep: ['(', ')'],
  waitUntil: ['(', ')'],
};

/**
 * A graph as a Mermaid flowchart: groups as subgraphs, outcomes by word, sign, line and colour. With more than 500
 * edges, groups become single boxes, inner ones first. A comment and the chart name omitted parts.
 */
export function mermaidOf(graph: RunGraph): string {
  const grouping = groupsOf(graph.knots);
  const deepest = grouping.groups.reduce((most, { depth }) => Math.max(most, depth), -1);
  for (let closedFrom = deepest + 1; closedFrom >= 0; closedFrom--) {
    const note = closedFrom > deepest ? undefined : tooLarge(graph, 'Groups are drawn as one box each.');
    const text = chart(graph, grouping, { closedFrom, note });
    if (text !== undefined) return text;
  }
  const note = tooLarge(graph, 'Only the beginning is drawn: an SVG or HTML file shows all of it.');
  for (let most = MOST_EDGES; ; most = Math.floor(most * 0.7)) {
    const text = chart(graph, grouping, { closedFrom: 0, note, most });
    if (text !== undefined) return text;
  }
}

function tooLarge({ knots }: RunGraph, what: string): string {
  const edges = knots.reduce((sum, knot) => sum + parentsOf(knot).length, 0);
  return `${formatCount(knots.length)} knots and ${formatCount(edges)} edges are more than Mermaid draws. ${what}`;
}

interface ChartOptions {
  /** Groups of this depth or deeper are drawn as one box each. */
  readonly closedFrom: number;
  readonly note: string | undefined;
  /** Maximum number of boxes, besides the one for omitted knots. */
  readonly most?: number;
}

/** The flowchart; undefined if it exceeds Mermaid's limits. */
function chart(
  graph: RunGraph,
  grouping: Grouping,
  { closedFrom, note, most }: ChartOptions,
): string | undefined {
  const { knots } = graph;
  const { groups, groupOf } = grouping;
  const names: string[] = [];
  const nodes = new Map<number, string[]>();
  const classes = new Map<Look, string[]>();
  const isRun = knots.some(({ state }) => state);
  const add = (group: number, line: string, name: string, look: Look): void => {
    append(nodes, group, line);
    if (isRun) append(classes, look, name);
  };
  const drawn = new Set<string>();
  let left = 0;
  knots.forEach((knot, index) => {
    const closed = closedAround(grouping, groupOf[index], closedFrom);
    const name = closed === undefined ? `k${index}` : `g${closed}`;
    const isDrawn = drawn.has(name);
    if (!isDrawn && most !== undefined && drawn.size >= most) {
      left++;
      names.push('rest');
      return;
    }
    names.push(name);
    if (isDrawn) return;
    drawn.add(name);
    if (closed === undefined) {
      const group = groupOf[index] ?? -1;
      const [before, after] = SHAPES[knot.kind] ?? ['[', ']'];
      add(
        group,
        `${name}${before}"${labelOf(knot, groups[group]?.name, isRun)}"${after}`,
        name,
        lookOf(knot),
      );
    } else {
      const { name: title, members, parent } = groups[closed]!;
      const inside = members.map((member) => knots[member]!);
      add(parent ?? -1, `${name}[["${closedLabel(title, inside, isRun)}"]]`, name, worstOf(inside));
    }
  });
  if (left > 0) add(-1, `rest(["${escape(`and ${formatCount(left)} more knots`)}"])`, 'rest', 'open');
  const edges = new Set<string>();
  knots.forEach((knot, index) => {
    for (const parent of parentsOf(knot)) {
      const [from, to] = [names[parent]!, names[index]!];
      if (from !== to && !(from === 'rest' || to === 'rest')) edges.add(`${from} --> ${to}`);
    }
  });
  if (edges.size > MOST_EDGES) return undefined;
  const lines = [
    ...(note === undefined ? [] : [`%% ${note}`]),
    'flowchart TD',
    ...blockOf(grouping, nodes, -1, '  '),
    ...[...edges].map((edge) => `  ${edge}`),
    ...LOOKS.flatMap((look) => {
      const members = classes.get(look);
      return members ? [`  classDef ${look} ${STYLES[look]}`, `  class ${members.join(',')} ${look}`] : [];
    }),
  ];
  const text = `${lines.join('\n')}\n`;
  return text.length > MOST_CHARACTERS ? undefined : text;
}

/** The outermost group around a knot that is drawn as one box. */
function closedAround(
  { groups }: Grouping,
  group: number | undefined,
  closedFrom: number,
): number | undefined {
  let found: number | undefined;
  for (let at = group; at !== undefined; at = groups[at]!.parent)
    if (groups[at]!.depth >= closedFrom) found = at;
  return found;
}

function blockOf(
  { groups }: Grouping,
  nodes: ReadonlyMap<number, readonly string[]>,
  group: number,
  indent: string,
): string[] {
  const children = new Map<number, number[]>();
  groups.forEach(({ parent = -1 }, index) => append(children, parent, index));
  const inside = (at: number, space: string): string[] => [
    ...(nodes.get(at) ?? []).map((line) => `${space}${line}`),
    ...(children.get(at) ?? []).flatMap((child) => {
      const own = inside(child, `${space}  `);
      return own.length === 0
        ? []
        : [`${space}subgraph s${child}["${escape(groups[child]!.name)}"]`, ...own, `${space}end`];
    }),
  ];
  return inside(group, indent);
}

function labelOf(knot: GraphKnot, group: string | undefined, isRun: boolean): string {
  const name = knot.kind === 'parameter' ? knot.id.replace(/^param:/, '') : labelIn(knot.id, group);
  const kind = kindWords(knot);
  const lines = kind === name ? [name] : [name, kind];
  if (knot.summary !== undefined) lines.push(knot.summary);
  if (isRun) {
    const look = lookOf(knot);
    const took = durationOf(knot);
    const elements = knot.state?.elements;
    lines.push(
      [
        `${SIGNS[look]} ${LOOK_WORDS[look]}`,
        ...(elements?.failed === 0 ? [`${formatCount(elements.count)} elements`] : []),
        ...(took === undefined || knot.kind === 'parameter' ? [] : [formatDuration(took)]),
        ...marksOf(knot).notes,
      ].join(', '),
    );
  }
  return lines.map(escape).join('<br/>');
}

function closedLabel(name: string, knots: readonly GraphKnot[], isRun: boolean): string {
  const counts = countLooks(knots);
  const told = LOOKS.filter((look) => counts[look] > 0).map(
    (look) => `${SIGNS[look]} ${formatCount(counts[look])} ${LOOK_WORDS[look]}`,
  );
  return [name, `${formatCount(knots.length)} knots`, ...(isRun ? [told.join(', ')] : [])]
    .map(escape)
    .join('<br/>');
}

function worstOf(knots: readonly GraphKnot[]): Look {
  const counts = countLooks(knots);
  return (['failed', 'open', 'skipped', 'ok', 'reused'] as const).find((look) => counts[look] > 0) ?? 'open';
}

/**
 * Escapes a label in quotes: all but letters, digits and plain separators become numbers. Quotes end a label,
 * backquotes and some line beginnings are Markdown, `<` begins a tag and `#` a number.
 */
function escape(text: string): string {
  return cut(seenLine(text), LABEL).replace(
    /[^\p{L}\p{N} ,._:/-]|(?<![\p{L}\p{N}])[._:/-]|[._:/-](?![\p{L}\p{N}])/gu,
    // Mermaid turns `\n` into a line break even if the backslash is escaped; a word joiner separates the two.
    (found) => `#${found.codePointAt(0)};${found === '\\' ? '#8288;' : ''}`,
  );
}
