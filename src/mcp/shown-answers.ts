import type { Json } from '../values';
import { REDACTED } from '../values/redact';
import type { Questions } from '../explorer';
import type { RunSummary } from '../operations/runs/summary';
import { cutJson } from '../operations/values/cut-json';
import type { GraphKnot, RunGraph } from '../authoring/run-graph';

/** Characters of a value, as JSON. */
const VALUE_CHARACTERS = 16_000;

/** Items of a page. */
export const PAGE = 50;
const MESSAGE_CHARACTERS = 1_000;

/** A run with no longer a message than a model needs. */
export function shownRun({ temporalRunId: _, ...run }: RunSummary): object {
  return { ...run, error: shownError(run.error) };
}

export function shownKnot({ id, kind, definition, state }: GraphKnot): object {
  if (!state) return { id, kind, definition };
  const { outcome, skipReason, outputHash, outputSize, error, elements, cachedFromRun, childRunId, attempt } =
    state;
  return {
    id,
    kind,
    definition,
    outcome,
    skipReason,
    ...durationOf(state),
    outputHash,
    outputSize,
    error: shownError(error),
    elements,
    cachedFromRun,
    childRunId,
    attempt: attempt > 1 ? attempt : undefined,
  };
}

export function plannedKnot(
  { id, kind, definition, inputs, each, summary, signal }: GraphKnot,
  { knots }: RunGraph,
): object {
  return {
    id,
    kind,
    definition,
    each,
    summary,
    signal,
    inputs: Object.fromEntries(
      inputs.map((input) => [input.name, 'from' in input ? knots[input.from]!.id : 'a constant']),
    ),
  };
}

export function durationOf({
  startedAt,
  finishedAt,
}: {
  readonly startedAt: number;
  readonly finishedAt: number;
}): {
  durationMs: number;
} {
  return { durationMs: finishedAt - startedAt };
}

export function shownError<Told extends { readonly type: string; readonly message: string }>(
  error: Told | undefined,
): object | undefined {
  if (!error) return undefined;
  return { type: error.type, message: error.message.slice(0, MESSAGE_CHARACTERS) };
}

export function shownWalk(
  { hash, items, truncated }: Questions['lineage.why']['answer'],
  cursor: string | undefined,
): object {
  return { hash, ...pageFrom(cursor, items), truncated };
}

/** A page of a list; its cursor is the index at which the next one begins. */
export function pageFrom<Item>(
  cursor: string | undefined,
  all: readonly Item[],
  shown: (item: Item) => unknown = (item) => item,
): { readonly items: readonly unknown[]; readonly total: number; readonly cursor: string | undefined } {
  const first = Number(cursor ?? 0);
  const next = first + PAGE;
  return {
    items: all.slice(first, next).map(shown),
    total: all.length,
    cursor: next < all.length ? String(next) : undefined,
  };
}

export function shownJson(hash: string, size: number, json: Json, wasCut: boolean): object {
  const { json: shown, truncated } = cutJson(json, VALUE_CHARACTERS);
  const count = JSON.stringify(shown).split(REDACTED).length - 1;
  return {
    form: 'json',
    hash,
    size,
    json: shown,
    truncated: wasCut || truncated,
    redacted: count > 0 ? count : undefined,
    note: wasCut || truncated ? 'Read on with `path` into a part, or `from` of a list.' : undefined,
  };
}
