import fc from 'fast-check';
import { happeningsIn } from './happenings';
import { arbitraryRecipe, type Recipe } from './recipe';

const DRAWN = 1_500;

/**
 * Recipes whose runs cover the wanted happenings, as far as some thousand drawn recipes do. It repeatedly chooses the
 * recipe with the most missing ones. The result depends only on the seed.
 */
export function coveringSample(wanted: ReadonlySet<string>, seed: number): Recipe[] {
  const drawn = fc.sample(arbitraryRecipe({ minLength: 12, maxLength: 24 }), { numRuns: DRAWN, seed });
  const happenings = drawn.map((recipe) => [...happeningsIn(recipe)].filter((one) => wanted.has(one)));
  const missing = new Set(wanted);
  const chosen: Recipe[] = [];
  while (missing.size > 0) {
    const gains = happenings.map((some) => some.filter((one) => missing.has(one)).length);
    const best = gains.indexOf(Math.max(...gains));
    if (gains[best] === 0) break;
    chosen.push(drawn[best]!);
    for (const one of happenings[best]!) missing.delete(one);
  }
  return chosen;
}
