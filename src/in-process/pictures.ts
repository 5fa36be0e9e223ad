import type { RunGraph } from '../authoring/run-graph';
import { mermaidOf } from '../visualisation/mermaid';
import { svgOf } from '../visualisation/svg';
import { drawnOf, type Drawable } from './graph-of';

/**
 * A tapestry as a Mermaid flowchart, which GitHub, GitLab and many editors draw. Edges are as wired, groups are
 * subgraphs. Over Mermaid's 500 edges, each group is one box, with a comment in the text.
 *
 * @param given a tapestry, or a run, whose wiring is drawn
 * @throws SelvageError `InvalidConfig` if it is neither; any of compiling
 */
export function mermaidForTapestry(given: Drawable): string {
  return mermaidOf(withoutStates(drawnOf(given).graph));
}

/** Like {@link mermaidForTapestry}, with each knot's outcome by word, sign and line. */
export function mermaidForRun(given: Drawable): string {
  return mermaidOf(drawnOf(given).graph);
}

/**
 * A tapestry as a self-contained SVG without scripts and external files, in light or dark like the reader's system,
 * with a tooltip per knot.
 *
 * @param given a tapestry, or a run, whose wiring is drawn
 * @throws SelvageError `InvalidConfig` if it is neither; any of compiling
 */
export function svgForTapestry(given: Drawable): string {
  return svgOf(withoutStates(drawnOf(given).graph));
}

/** Like {@link svgForTapestry}, with each knot's outcome by sign, word, line and colour. */
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
