import { durationOf } from '../../../visualisation/words';
import { shownText } from '../shown-text';
import { countWords, durationWords } from '../words';
import type { RunModel } from '../run/run-model';

export function spoken(model: RunModel, knot: number): string {
  const { id, definition } = model.knots[knot]!;
  const took = durationOf({ state: model.states[knot] });
  const { word, notes } = model.marks[knot]!;
  const { parents, children } = model.kinship;
  return [
    shownText(id),
    ...(definition === undefined || definition === id ? [] : [shownText(definition)]),
    shownText(word),
    ...(took === undefined ? [] : [durationWords(took)]),
    ...notes,
    countWords(parents[knot]!.length, 'parent'),
    countWords(children[knot]!.length, 'child', 'children'),
  ].join(', ');
}
