import { KnotReasons, countsOf, urgency } from './knot-reasons';
import type { RunSituation } from './run-situation';
import { UnfinishedKnots } from './unfinished-knots';
import type { Waiting, WaitingKnot } from './waiting';

const LISTED_KNOTS = 100;
const LISTED_ELEMENTS = 20;

/**
 * Says for each unfinished knot of a run why it has not ended.
 *
 * W1  A knot on record is finished, also before its parents: a resumed run takes over outcomes. A record from before a reset counts
 *     only if neither the knot nor any parent of it runs again.
 * W2  The outcome of a knot without a record follows from its parents: if one of them is not Ok, it is skipped.
 * W3  A ready local knot is in a running segment: segments take all that is ready, unless the run holds back.
 */
export function whyWaiting(situation: RunSituation): Omit<Waiting, 'started'> {
  const { layout, workflowTask } = situation;
  const unfinished = new UnfinishedKnots(situation);
  const reasons = new KnotReasons(situation, unfinished);
  const found = unfinished.indexes.map((index) => ({ index, knot: reasons.reasonOf(index) }));
  const counts = countsOf(found.map(({ knot }) => knot));
  const weights = unfinished.weights();
  found.sort(
    (a, b) => urgency(a.knot) - urgency(b.knot) || weights[b.index]! - weights[a.index]! || a.index - b.index,
  );
  return {
    workflowTask,
    total: layout.size,
    unfinished: found.length,
    reasons: counts,
    knots: found.slice(0, LISTED_KNOTS).map(({ knot }) => withFewElements(knot)),
  };
}

/** Like {@link whyWaiting}, for one knot, with all its elements in flight. Undefined if the knot is finished. */
export function whyKnotWaits(situation: RunSituation, knotId: string): WaitingKnot | undefined {
  const knots = new UnfinishedKnots(situation);
  const index = knots.indexes.find((unfinished) => situation.layout.ids[unfinished] === knotId);
  return index === undefined ? undefined : new KnotReasons(situation, knots).reasonOf(index);
}

/**
 * Why an element of a map has not ended, by what is known of its map. An element of a batch waits as the batch that it may be in: the last batch
 * that begins at the element or before it.
 */
export function whyElementWaits(elementId: string, map: WaitingKnot): WaitingKnot {
  const { elements = [], knotId, reason, state } = map;
  const position = positionOf(elementId);
  const ofBatch = (id: string): number => (id.endsWith('…]') ? positionOf(id) : NaN);
  const batches = elements.filter((element) => ofBatch(element.knotId) <= position);
  const own =
    elements.find((element) => element.knotId === elementId) ??
    batches.sort((a, b) => ofBatch(b.knotId) - ofBatch(a.knotId))[0];
  if (own) return { ...own, knotId: elementId };
  if (elements.length === 0)
    return { knotId: elementId, state, reason: { code: reason.code, message: `its map: ${reason.message}` } };
  const message = `has not begun, or goes by its position: of map "${knotId}" ${elements.length} elements or batches are in flight`;
  return { knotId: elementId, state: 'pending', reason: { code: 'PendingActivityLimit', message } };
}

function positionOf(elementId: string): number {
  return Number.parseInt(elementId.slice(elementId.indexOf('[') + 1), 10);
}

function withFewElements(knot: WaitingKnot): WaitingKnot {
  return knot.elements ? { ...knot, elements: knot.elements.slice(0, LISTED_ELEMENTS) } : knot;
}
