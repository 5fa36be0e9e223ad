import type { RunGraph } from '../../../authoring/run-graph';
import type { Picture } from '../../../visualisation';
import { inFragment } from '../router';
import { layoutPicture } from '../../../visualisation/layout';

/** Number of knots from which a worker computes the layout: smaller graphs take less time than its start. */
const FOR_A_WORKER = 400;

/** The worker is a separate file beside the page's, which a standalone file lacks. */
const url = inFragment ? undefined : new URL('layout-worker.js', document.baseURI);

export interface LayoutRequest {
  readonly id: number;
  readonly graph: RunGraph;
  readonly closed: ReadonlySet<string>;
}

export type LayoutAnswer =
  { readonly id: number; readonly picture: Picture } | { readonly id: number; readonly failure: string };

let worker: Worker | undefined;
let isBroken = url === undefined;
let last = 0;
const waiting = new Map<
  number,
  { readonly request: LayoutRequest; readonly answer: (picture: Picture) => void }
>();

export async function layOut(graph: RunGraph, closed: ReadonlySet<string>): Promise<Picture> {
  if (isBroken || graph.knots.length < FOR_A_WORKER) return layoutPicture(graph, { closed });
  const wiring = { ...graph, knots: graph.knots.map(({ state: _state, ...knot }) => knot) };
  const request = { id: (last += 1), graph: wiring, closed };
  return await new Promise((answer) => {
    waiting.set(request.id, { request, answer });
    (worker ??= start()).postMessage(request);
  });
}

export function prepareLayout(): void {
  if (!isBroken) worker ??= start();
}

function start(): Worker {
  const made = new Worker(url!, { type: 'module' });
  made.onmessage = ({ data }: MessageEvent<LayoutAnswer>) => {
    const asked = waiting.get(data.id);
    waiting.delete(data.id);
    if (asked) asked.answer('picture' in data ? data.picture : here(asked.request));
  };
  // The server may be of another version, or not serve the file: the page then computes the layout itself.
  made.onerror = () => {
    isBroken = true;
    for (const { request, answer } of waiting.values()) answer(here(request));
    waiting.clear();
  };
  return made;
}

const here = ({ graph, closed }: LayoutRequest): Picture => layoutPicture(graph, { closed });
