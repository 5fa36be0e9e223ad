import { KnotReasons, countsOf, urgency } from './knot-reasons';
import type { RunFacts, UnbegunFacts } from './facts';
import { UnfinishedKnots } from './unfinished-knots';
import type { Waiting, WaitingKnot } from './waiting';
import { explainWorkflowTask } from './workflow-task';

const LISTED_KNOTS = 100;
const LISTED_ELEMENTS = 20;

/**
 * Why a run has not ended: what its next step waits for, and each of its unfinished knots.
 *
 * W1  A knot on record is finished, also before its parents: a resumed run takes over outcomes. A record from
 *     before a reset counts only if neither the knot nor any parent of it runs again.
 * W2  A knot without a record is skipped if a parent is not Ok.
 * W3  A ready local knot is in a running segment: segments take all that is ready, unless the run holds back.
 */
export function explain(facts: UnbegunFacts | RunFacts): Waiting {
  const started = 'layout' in facts;
  const workflowTask = explainWorkflowTask(facts, started);
  if (!started) return { started, workflowTask, total: 0, unfinished: 0, reasons: {}, knots: [] };
  const unfinished = new UnfinishedKnots(facts);
  const reasons = new KnotReasons(facts, unfinished, workflowTask);
  const found = unfinished.indexes.map((index) => ({ index, knot: reasons.reasonOf(index) }));
  const counts = countsOf(found.map(({ knot }) => knot));
  const weights = unfinished.weights();
  found.sort(
    (a, b) => urgency(a.knot) - urgency(b.knot) || weights[b.index]! - weights[a.index]! || a.index - b.index,
  );
  return {
    started,
    workflowTask,
    total: facts.layout.size,
    unfinished: found.length,
    reasons: counts,
    knots: found.slice(0, LISTED_KNOTS).map(({ knot }) => withFewElements(knot)),
  };
}

/** Like {@link explain}, for one knot, with all its elements in flight; undefined if the knot is finished. */
export function explainKnot(facts: RunFacts, knotId: string): WaitingKnot | undefined {
  const knots = new UnfinishedKnots(facts);
  const index = knots.indexes.find((unfinished) => facts.layout.ids[unfinished] === knotId);
  return index === undefined ? undefined : new KnotReasons(facts, knots).reasonOf(index);
}

/** An element of a batch waits as the last batch that begins at the element or before it. */
export function explainElement(elementId: string, map: WaitingKnot): WaitingKnot {
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
  const message = `has not begun, or is listed by its position: map "${knotId}" has ${elements.length} elements or batches in flight`;
  return { knotId: elementId, state: 'pending', reason: { code: 'PendingActivityLimit', message } };
}

function positionOf(elementId: string): number {
  return Number.parseInt(elementId.slice(elementId.indexOf('[') + 1), 10);
}

function withFewElements(knot: WaitingKnot): WaitingKnot {
  return knot.elements ? { ...knot, elements: knot.elements.slice(0, LISTED_ELEMENTS) } : knot;
}
