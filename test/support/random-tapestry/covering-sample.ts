import fc from 'fast-check';
import { happeningsIn } from './happenings';
import { arbitraryRecipe, type Recipe } from './recipe';

const DRAWN = 1_500;

/**
 * Recipes in whose runs all that is wanted happens, as far as some thousand recipes of the seed have it: again and again the one that has most of what is
 * missing. The same for the same seed.
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
