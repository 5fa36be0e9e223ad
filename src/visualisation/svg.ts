import type { GraphKnot, RunGraph } from '../authoring/run-graph';
import { cut, seenLine, xml } from './escape';
import { labelsOf, layoutPicture } from './layout';
import type { Box, GroupBox, Picture } from './picture';
import { countLooks, lookOf, marksOf } from './marks';
import {
  durationOf,
  formatCount,
  formatDuration,
  kindWords,
  LOOK_WORDS,
  LOOKS,
  runDuration,
  shortHash,
  SIGNS,
  type Look,
} from './words';

export interface RunWords {
  readonly runId: string;
  readonly status: string;
  readonly error?: { readonly type: string; readonly message: string };
}

const HEAD = 88;
const LEAST_WIDTH = 460;
const LETTER = 7.2;
const SMALL_LETTER = 6;
const RADIUS = 7;

/**
 * A graph as one SVG without scripts, fonts or other files; light or dark by the reader's setting. Each knot has a
 * tooltip, each outcome a sign, a word, a line and a colour.
 */
export function svgOf(graph: RunGraph, run?: RunWords): string {
  const { knots } = graph;
  const picture = layoutPicture(graph);
  const isRun = run !== undefined || knots.some(({ state }) => state);
  const width = Math.max(LEAST_WIDTH, picture.width);
  const height = picture.height + HEAD;
  const shift = Math.floor((width - picture.width) / 2);
  const labels = labelsOf(knots);
  const title = run ? `Run ${run.runId} of ${graph.tapestry}` : `Tapestry ${graph.tapestry}`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="selvage-title selvage-desc" class="selvage-picture">`,
    `<title id="selvage-title">${xml(title)}</title>`,
    `<desc id="selvage-desc">${xml(description(graph, run, isRun))}</desc>`,
    `<style>${STYLE}</style>`,
    `<rect class="page" width="${width}" height="${height}"/>`,
    header(graph, run, isRun),
    `<g transform="translate(${shift} ${HEAD})">`,
    ...picture.groups.map((group) => groupOf(group, picture)),
    ...wiresOf(picture, knots),
    ...picture.boxes.flatMap((box, index) => (box ? [boxOf(box, knots[index]!, labels[index]!, isRun)] : [])),
    '</g>',
    '</svg>',
    '',
  ].join('\n');
}

function description({ knots }: RunGraph, run: RunWords | undefined, isRun: boolean): string {
  const counts = countLooks(knots);
  const told = LOOKS.filter((look) => counts[look] > 0).map(
    (look) => `${formatCount(counts[look])} ${LOOK_WORDS[look]}`,
  );
  const edges = knots.reduce((sum, { inputs }) => sum + inputs.filter((input) => 'from' in input).length, 0);
  const failed = knots.filter((knot) => lookOf(knot) === 'failed').slice(0, 5);
  return [
    `A graph of ${formatCount(knots.length)} knots and ${formatCount(edges)} inputs between them.`,
    ...(run ? [`The run's status is ${run.status}.`] : []),
    ...(isRun ? [`Outcomes: ${told.join(', ')}.`] : []),
    ...(failed.length > 0 ? [`Failed: ${failed.map(({ id }) => id).join(', ')}.`] : []),
  ].join(' ');
}

/** The header of a picture: name, status, and a legend with counts. */
function header(graph: RunGraph, run: RunWords | undefined, isRun: boolean): string {
  const { knots, tapestry, planHash } = graph;
  const took = isRun ? runDuration(knots) : undefined;
  const words = [
    ...(run ? [cut(seenLine(run.runId), 48), run.status] : []),
    `${formatCount(knots.length)} ${knots.length === 1 ? 'knot' : 'knots'}`,
    ...(took === undefined ? [] : [formatDuration(took)]),
    ...(run ? [] : [`plan ${shortHash(planHash)}`]),
  ];
  const counts = countLooks(knots);
  let x = 24;
  const legend = !isRun
    ? shapesLegend(knots)
    : LOOKS.filter((look) => counts[look] > 0).map((look) => {
        const text = `${formatCount(counts[look])} ${LOOK_WORDS[look]}`;
        const entry = `${iconOf(look, x + 8, 74)}<text class="s" x="${x + 22}" y="78">${text}</text>`;
        x += 38 + text.length * SMALL_LETTER;
        return entry;
      });
  return [
    '<g>',
    `<text class="h" x="24" y="32">${xml(cut(seenLine(tapestry), 60))}</text>`,
    `<text class="s" x="24" y="52">${xml(words.join(' · '))}</text>`,
    ...legend,
    '</g>',
  ].join('');
}

/** The shapes of knots in a tapestry. */
function shapesLegend(knots: readonly GraphKnot[]): string[] {
  const kinds = new Set(knots.map(({ kind }) => SHAPES[kind]));
  let x = 24;
  return SHAPE_WORDS.filter(([shape]) => kinds.has(shape)).map(([shape, text]) => {
    const entry = `<g class="open">${shapeOf(shape, { x, y: 66, width: 24, height: 16 })}</g><text class="s" x="${x + 32}" y="78">${text}</text>`;
    x += 50 + text.length * SMALL_LETTER;
    return entry;
  });
}

type Shape = 'knot' | 'parameter' | 'choice' | 'many' | 'wait';

const SHAPES: Readonly<Record<GraphKnot['kind'], Shape>> = {
  knot: 'knot',
  parameter: 'parameter',
  path: 'choice',
  branch: 'choice',
  gate: 'choice',
  firstOk: 'choice',
  map: 'many',
  loop: 'many',
  subTapestry: 'many',
  waitForSignal: 'wait',
  sleep: 'wait',
  waitUntil: 'wait',
};

const SHAPE_WORDS: readonly (readonly [Shape, string])[] = [
  ['parameter', 'parameter'],
  ['knot', 'knot'],
  ['choice', 'choice'],
  ['many', 'many knots'],
  ['wait', 'wait'],
];

function shapeOf(shape: Shape, { x, y, width, height }: Box): string {
  switch (shape) {
    case 'parameter':
      return `<rect class="b" x="${x}" y="${y}" width="${width}" height="${height}" rx="${height / 2}"/>`;
    case 'choice': {
      const cut = Math.min(12, height / 3);
      const [right, lower] = [x + width, y + height];
      return `<path class="b" d="M${x + cut} ${y}H${right - cut}L${right} ${y + height / 2}L${right - cut} ${lower}H${x + cut}L${x} ${y + height / 2}Z"/>`;
    }
    case 'many':
      return (
        `<rect class="b back" x="${x + 3}" y="${y + 3}" width="${width - 3}" height="${height - 3}" rx="${Math.min(8, height / 4)}"/>` +
        `<rect class="b" x="${x}" y="${y}" width="${width - 3}" height="${height - 3}" rx="${Math.min(8, height / 4)}"/>`
      );
    case 'wait':
      return (
        `<rect class="b" x="${x}" y="${y}" width="${width}" height="${height}" rx="${Math.min(8, height / 4)}"/>` +
        `<path class="bar" d="M${x + width - 7} ${y + height / 4}V${y + (3 * height) / 4}M${x + width - 11} ${y + height / 4}V${y + (3 * height) / 4}"/>`
      );
    default:
      return `<rect class="b" x="${x}" y="${y}" width="${width}" height="${height}" rx="${Math.min(8, height / 4)}"/>`;
  }
}

/** Circle, ring, square and dashes tell outcomes apart without colour. */
function iconOf(look: Look, x: number, y: number): string {
  const marks: Readonly<Record<Look, string>> = {
    ok: `<circle class="f" cx="${x}" cy="${y}" r="8"/><path class="m" d="M${x - 3.5} ${y + 0.5}l2.5 2.5 4.5-5.5"/>`,
    reused: `<circle class="r" cx="${x}" cy="${y}" r="7.2"/><path class="q" d="M${x - 3.2} ${y + 1.4}a3.4 3.4 0 1 0 .8-3.6M${x - 3.4} ${y - 4.4}v2.6h2.6"/>`,
    failed: `<rect class="f" x="${x - 8}" y="${y - 8}" width="16" height="16" rx="3"/><path class="m" d="M${x - 3} ${y - 3}l6 6m0-6l-6 6"/>`,
    skipped: `<circle class="r d" cx="${x}" cy="${y}" r="7.2"/><path class="q" d="M${x - 3} ${y}h6"/>`,
    open: `<circle class="r" cx="${x}" cy="${y}" r="7.2"/>`,
  };
  return `<g class="${look}">${marks[look]}</g>`;
}

function groupOf(group: GroupBox, { groups }: Picture): string {
  const { x, y, width, height, name, members, parent, depth } = group;
  const outer = parent === undefined ? '' : groups[parent]!.name;
  const own = outer === '' ? name : name.slice(outer.length + 1);
  const room = Math.max(3, Math.floor((width - 28) / SMALL_LETTER));
  return (
    `<g class="group"><title>${xml(`${name}: ${members.length} knots`)}</title>` +
    `<rect class="${depth % 2 === 0 ? 'g' : 'g odd'}" x="${x}" y="${y}" width="${width}" height="${height}" rx="12"/>` +
    `<text class="t" x="${x + 14}" y="${y + 20}">${xml(cut(seenLine(own), room))}</text></g>`
  );
}

/** All wires as two paths, with and without a value: overlapping lines of one path get no darker. */
function wiresOf({ wires }: Picture, knots: readonly GraphKnot[]): string[] {
  const isRun = knots.some(({ state }) => state);
  const paths = { came: '', idle: '' };
  const heads = { came: new Set<string>(), idle: new Set<string>() };
  for (const { from, points } of wires) {
    const source = from >= 0 ? knots[from]!.state : undefined;
    const side = !isRun || from < 0 || source?.outcome === 'ok' ? 'came' : 'idle';
    paths[side] += roundedPath(points);
    heads[side].add(`M${points.at(-2)! - 3.5} ${points.at(-1)! - 6}h7l-3.5 5.5z`);
  }
  return (['idle', 'came'] as const)
    .filter((side) => paths[side] !== '')
    .map(
      (side) =>
        `<path class="w ${side}" d="${paths[side]}"/><path class="a ${side}" d="${[...heads[side]].join('')}"/>`,
    );
}

function roundedPath(points: readonly number[]): string {
  let path = `M${points[0]} ${points[1]}`;
  const last = points.length / 2 - 1;
  for (let at = 1; at < last; at++) {
    const [px, py, x, y, nx, ny] = points.slice(2 * at - 2, 2 * at + 4) as [
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    const before = Math.abs(x - px) + Math.abs(y - py);
    const after = Math.abs(nx - x) + Math.abs(ny - y);
    const radius = Math.min(RADIUS, before / 2, after / 2);
    const round = (length: number): number => Math.round(length * 100) / 100;
    const fromX = round(x - Math.sign(x - px) * radius);
    const fromY = round(y - Math.sign(y - py) * radius);
    const toX = round(x + Math.sign(nx - x) * radius);
    const toY = round(y + Math.sign(ny - y) * radius);
    path += `L${fromX} ${fromY}Q${x} ${y} ${toX} ${toY}`;
  }
  return `${path}L${points[2 * last]} ${points[2 * last + 1]}`;
}

function boxOf(box: Box, knot: GraphKnot, label: string, isRun: boolean): string {
  const look = lookOf(knot);
  const room = box.width - (isRun ? 56 : 32);
  const x = box.x + (isRun ? 40 : 16);
  const second = secondLine(knot, isRun);
  const middle = box.y + box.height / 2;
  return (
    `<g class="${look}"><title>${xml(tooltip(knot, isRun))}</title>${shapeOf(SHAPES[knot.kind], box)}` +
    (isRun ? iconOf(look, box.x + 22, middle) : '') +
    `<text class="n" x="${x}" y="${middle - 3}">${xml(cut(seenLine(label), Math.max(4, Math.floor(room / LETTER))))}</text>` +
    `<text class="s" x="${x}" y="${middle + 14}">${xml(cut(second, Math.max(4, Math.floor((room + 8) / SMALL_LETTER))))}</text></g>`
  );
}

function secondLine(knot: GraphKnot, isRun: boolean): string {
  if (!isRun) return seenLine(knot.summary ?? kindWords(knot));
  const { state } = knot;
  const took = knot.kind === 'parameter' ? undefined : durationOf(knot);
  const elements = state?.elements?.failed === 0 && `${formatCount(state.elements.count)} elements`;
  return [
    LOOK_WORDS[lookOf(knot)],
    ...(took === undefined ? [] : [formatDuration(took)]),
    ...(elements ? [elements] : []),
    ...marksOf(knot).notes,
  ].join(' · ');
}

function tooltip(knot: GraphKnot, isRun: boolean): string {
  const { id, state, codeHash, version, summary } = knot;
  const took = durationOf(knot);
  const lines = [id, kindWords(knot)];
  if (summary !== undefined) lines.push(cut(seenLine(summary), 200));
  if (isRun)
    lines.push(
      `${SIGNS[lookOf(knot)]} ${LOOK_WORDS[lookOf(knot)]}${state?.skipReason ? `: ${state.skipReason}` : ''}`,
    );
  if (state?.error) lines.push(`${state.error.type}: ${cut(seenLine(state.error.message), 300)}`);
  if (took !== undefined) lines.push(`took ${formatDuration(took)}`);
  if (state?.elements?.failed === 0) lines.push(`${formatCount(state.elements.count)} elements`);
  lines.push(...marksOf(knot).notes);
  if (state?.outputHash !== undefined) lines.push(`value ${state.outputHash}`);
  if (state?.cachedFromRun !== undefined) lines.push(`reused from ${state.cachedFromRun}`);
  if (codeHash !== undefined)
    lines.push(`code ${shortHash(codeHash)}${version === undefined ? '' : `, version ${version}`}`);
  if (state?.childRunId !== undefined) lines.push(`run ${state.childRunId}`);
  return lines.join('\n');
}

const LIGHT =
  '--page:#fff;--ink:#1c2128;--soft:#656d76;--line:#c9ced6;--wire:#8f98a3;--box:#fff;--group:#f5f6f8;--odd:#eceef2;--ok:#1f8a56;--reused:#2f6fc0;--failed:#c9372c;--failed-box:#fdf1f0;--skipped:#7d858f;--mark:#fff';
const DARK =
  '--page:#14171c;--ink:#e8ebef;--soft:#9aa4af;--line:#3a414b;--wire:#6b7480;--box:#1d2127;--group:#191c22;--odd:#21252c;--ok:#3fb27f;--reused:#6ea8f0;--failed:#f0756b;--failed-box:#33201f;--skipped:#8b949e;--mark:#14171c';

const STYLE = [
  `.selvage-picture{${LIGHT};font-family:ui-sans-serif,system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}`,
  `@media (prefers-color-scheme:dark){.selvage-picture{${DARK}}}`,
  '.selvage-picture text{fill:var(--ink)}',
  '.selvage-picture .page{fill:var(--page)}',
  '.selvage-picture .h{font-size:19px;font-weight:600}',
  '.selvage-picture .n{font-size:13px;font-weight:600}',
  '.selvage-picture .s{font-size:11px;fill:var(--soft)}',
  '.selvage-picture .t{font-size:11px;font-weight:600;fill:var(--soft)}',
  '.selvage-picture .b{fill:var(--box);stroke:var(--line);stroke-width:1.25}',
  '.selvage-picture .bar{stroke:var(--line);stroke-width:1.5}',
  '.selvage-picture .g{fill:var(--group);stroke:var(--line);stroke-opacity:.7}',
  '.selvage-picture .odd{fill:var(--odd)}',
  '.selvage-picture .w{fill:none;stroke:var(--wire);stroke-width:1.25}',
  '.selvage-picture .a{fill:var(--wire)}',
  '.selvage-picture .w.idle{stroke-dasharray:4 4;stroke:var(--line)}',
  '.selvage-picture .a.idle{fill:var(--line)}',
  '.selvage-picture .f{stroke:none}',
  '.selvage-picture .r,.selvage-picture .q{fill:none;stroke-width:1.6}',
  '.selvage-picture .d{stroke-dasharray:2.5 2.5}',
  '.selvage-picture .m{fill:none;stroke:var(--mark);stroke-width:2;stroke-linecap:round;stroke-linejoin:round}',
  ...(['ok', 'reused', 'failed', 'skipped'] as const).map(
    (look) =>
      `.selvage-picture .${look} .f{fill:var(--${look})}.selvage-picture .${look} .r,.selvage-picture .${look} .q{stroke:var(--${look})}`,
  ),
  '.selvage-picture .open .r{stroke:var(--skipped)}',
  '.selvage-picture .failed .b{fill:var(--failed-box);stroke:var(--failed);stroke-width:1.75}',
  '.selvage-picture .skipped .b{stroke-dasharray:5 4}',
  '.selvage-picture .skipped .n{fill:var(--soft)}',
].join('');
