import type { ErrorCause, ExceptionRecord } from '../../authoring/outcome';
import type { GraphKnot, RunGraph } from '../../authoring/run-graph';
import type { ErrorView } from './error-view';
import type { KnotView } from './show';

/** The panel's view of a knot, from the graph alone; pure, because the page of a single file calls it. */
export function knotView(graph: RunGraph, knot: GraphKnot, error?: ErrorView): KnotView {
  const { id, state, codeHash, taskQueue } = knot;
  return {
    knotId: id,
    ...(state && { state }),
    inputs: knot.inputs.map((input) => {
      if (!('from' in input)) return { name: input.name, hash: input.constant };
      const parent = graph.knots[input.from]!;
      return {
        name: input.name,
        knotId: parent.id,
        ...(parent.state?.outputHash !== undefined && { hash: parent.state.outputHash }),
      };
    }),
    ...(error && { error }),
    ...(codeHash !== undefined && { codeHash }),
    ...(taskQueue !== undefined && { taskQueue }),
  };
}

export function errorView(error: ExceptionRecord | ErrorCause): ErrorView {
  const { type, message, at, cause, errors } = error;
  return {
    type,
    message,
    traceback: 'traceback' in error ? error.traceback : '',
    ...(at !== undefined && { at }),
    ...(cause && { cause: errorView(cause) }),
    ...(errors && { errors: errors.map(errorView) }),
  };
}
