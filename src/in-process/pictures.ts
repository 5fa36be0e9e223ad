import type { RunGraph } from '../authoring/run-graph';
import { mermaidOf } from '../visualisation/mermaid';
import { svgOf } from '../visualisation/svg';
import { drawnOf, type Drawable } from './graph-of';

/**
 * A tapestry as a Mermaid flowchart, which GitHub, GitLab and many editors draw. Edges are as wired, groups are
 * subgraphs. In a graph with more than Mermaid's 500 edges, each group is drawn as one box, and a comment in the text
 * says so.
 *
 * @param given a tapestry, or a run, of which only the wiring is drawn
 * @throws SelvageError `InvalidConfig` if it is neither; any of compiling
 */
export function mermaidForTapestry(given: Drawable): string {
  return mermaidOf(withoutStates(drawnOf(given).graph));
}

/**
 * A run as a Mermaid flowchart that shows each knot's outcome by word, sign and line: see {@link mermaidForTapestry}.
 */
export function mermaidForRun(given: Drawable): string {
  return mermaidOf(drawnOf(given).graph);
}

/**
 * A tapestry as a self-contained SVG: no script and no external files, light or dark as the reader's system is, with a
 * tooltip for each knot.
 *
 * @param given a tapestry, or a run, of which only the wiring is drawn
 * @throws SelvageError `InvalidConfig` if it is neither; any of compiling
 */
export function svgForTapestry(given: Drawable): string {
  return svgOf(withoutStates(drawnOf(given).graph));
}

/**
 * A run as a self-contained SVG that shows each knot's outcome by sign, word, line and colour: see
 * {@link svgForTapestry}.
 */
export function svgForRun(given: Drawable): string {
  const { graph, run } = drawnOf(given);
  return svgOf(graph, run);
}

function withoutStates(graph: RunGraph): RunGraph {
  return {
    ...graph,
    knots: graph.knots.map((knot) => {
      const { state, ...wiring } = knot;
      return state ? wiring : knot;
    }),
  };
}
