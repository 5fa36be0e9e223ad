import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { drawnOf, type Drawable, type Drawn } from '../in-process/graph-of';
import type { RunResult } from '../authoring/outcome';
import type { RunGraph } from '../authoring/run-graph';
import { redactTexts } from '../values/redact';
import { VERSION } from '../version';
import type { EmbeddedDocument } from './contract';
import { errorView, knotView } from '../operations/knots/knot-view';
import type { About, PageName } from '../operations/project/about';
import type { RunView } from '../operations/runs/show';
import { pageText } from './page-assets';

/**
 * A tapestry or run as one HTML file that opens from disk without a network: a graph to navigate, with hashes,
 * times and errors of its knots. Values are left out; `selvage capsule` includes them. No data becomes markup or
 * script.
 *
 * @throws SelvageError `InvalidConfig` for another argument; `PackageIncomplete` if the page is missing
 */
export function htmlForTapestry(given: Drawable): string {
  const { graph } = drawnOf(given);
  return htmlOfDocument(redactTexts(documentOfTapestry(graph)));
}

/**
 * A run as one HTML file; see {@link htmlForTapestry}. A tapestry gets the file of the tapestry.
 *
 * @throws SelvageError as `htmlForTapestry`
 */
export function htmlForRun(given: Drawable): string {
  const { graph, run } = drawnOf(given);
  if (!run) return htmlForTapestry(given);
  return htmlOfDocument(redactTexts(documentOfRun(graph, run, (given as RunResult).outcomes)));
}

/** The HTML file for a document. The file's policy forbids loading other files. */
export function htmlOfDocument(document: EmbeddedDocument): string {
  const script = pageText('file.js');
  const style = pageText('file.css');
  const data = gzipSync(JSON.stringify(document)).toString('base64');
  const policy = [
    "default-src 'none'",
    `script-src '${hashOf(script)}'`,
    `style-src '${hashOf(style)}'`,
    // Images that the policy allows: pictures among the values, and the icon.
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  const title = document.run?.run.runId ?? document.tapestry?.name ?? document.about.project;
  return [
    '<!doctype html>',
    '<html lang="en">',
    '<head>',
    '<meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${policy}">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<meta name="generator" content="Selvage ${VERSION}">`,
    '<link rel="icon" href="data:,">',
    `<title>${escaped(title)}</title>`,
    `<style>${style}</style>`,
    '</head>',
    '<body>',
    '<div id="page"></div>',
    '<noscript>This file shows the graph of a run by a script of its own. Allow scripts to see it.</noscript>',
    `<script type="application/octet-stream" id="selvage-document">${data}</script>`,
    // The script must equal, byte for byte, the text that the policy hashed.
    `<script type="module">${script}</script>`,
    '</body>',
    '</html>',
    '',
  ].join('\n');
}

const hashOf = (text: string): string => `sha256-${createHash('sha256').update(text).digest('base64')}`;

/** Escapes the title, the only data in markup. */
function escaped(text: string): string {
  return text
    .replace(/[\0-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/gu, '�')
    .replace(/[&<>"']/gu, (sign) => `&#${sign.codePointAt(0)};`);
}

function aboutFile(graph: RunGraph, page: PageName): About {
  return {
    version: VERSION,
    project: graph.tapestry,
    abilities: { act: false, readOnly: true, live: false, pages: [page] },
    tapestries: [],
  };
}

function documentOfTapestry(graph: RunGraph): EmbeddedDocument {
  const wiring = { ...graph, knots: graph.knots.map(({ state: _state, ...knot }) => knot) };
  const parameters = graph.knots
    .filter(({ kind }) => kind === 'parameter')
    .map(({ id }) => ({ name: id, schema: {}, required: true }));
  return {
    format: 1,
    kind: 'tapestry',
    about: aboutFile(graph, 'tapestry'),
    tapestry: { name: graph.tapestry, graph: wiring, parameters, partitioned: false },
  };
}

function documentOfRun(
  graph: RunGraph,
  { runId, status, error }: NonNullable<Drawn['run']>,
  outcomes: RunResult['outcomes'],
): EmbeddedDocument {
  const run: RunView = {
    run: {
      runId,
      temporalRunId: '',
      tapestry: graph.tapestry,
      status,
      ...timesOf(graph, status !== 'running'),
      counts: countsOf(graph),
      tags: [],
      ...(error && { error: { type: error.type, message: error.message } }),
      planHash: graph.planHash,
    },
    graph,
  };
  return {
    format: 1,
    kind: 'run',
    about: aboutFile(graph, 'run'),
    run,
    // The page derives other facts about a knot from the graph.
    knots: Object.fromEntries(
      graph.knots.flatMap((knot) => {
        const outcome = Object.hasOwn(outcomes, knot.id) ? outcomes[knot.id] : undefined;
        return outcome?.kind === 'err' ? [[knot.id, knotView(graph, knot, errorView(outcome.error))]] : [];
      }),
    ),
  };
}

/** A result lacks the times of its run: the first and last times of its knots stand in. */
function timesOf(graph: RunGraph, isOver: boolean): { startedAt: number; finishedAt?: number } {
  let [first, last] = [Infinity, -Infinity];
  for (const { state } of graph.knots) {
    if (!state) continue;
    first = Math.min(first, state.scheduledAt);
    last = Math.max(last, state.finishedAt);
  }
  if (first === Infinity) return { startedAt: 0 };
  return { startedAt: first, ...(isOver && { finishedAt: last }) };
}

function countsOf(graph: RunGraph): { ok: number; err: number; skipped: number } {
  const counts = { ok: 0, err: 0, skipped: 0 };
  for (const { state } of graph.knots) if (state) counts[state.outcome] += 1;
  return counts;
}
