/**
 * Simulates random tapestries of every kind of node under random blows, and says how many schedules were tried, in which time, and what
 * was found: `npx tsx scripts/simulate-many.ts [SCHEDULES] [SEED]`. The tests try some of them; this is for hours without anybody waiting.
 */
import fc from 'fast-check';
import { local } from '../src';
import { simulate } from '../src/testing';
import { arbitraryRecipe, tapestryOf } from '../test/support/random-tapestry';

const OF_EACH = 300;
const REPORT_MS = 60_000;

async function main(): Promise<void> {
  const wanted = Number(process.argv[2] ?? 1_000_000);
  const seed = Number(process.argv[3] ?? 1);
  const recipes = fc.sample(arbitraryRecipe({ maxLength: 12 }), {
    numRuns: Math.ceil(wanted / OF_EACH),
    seed,
  });
  const began = Date.now();
  const blows: Record<string, number> = {};
  let [schedules, found, reported] = [0, 0, began];
  for (const [index, recipe] of recipes.entries()) {
    const crash = index % 2 === 0 ? 'everywhere' : 'random';
    const work = tapestryOf('random', recipe, (step) =>
      (step.seed + index) % 2 === 0 ? local() : undefined,
    );
    try {
      const options = {
        crash,
        cancel: index % 3 === 0,
        losses: true,
        seed: seed + index,
        schedules: OF_EACH,
      } as const;
      const simulated = await simulate(work, options);
      schedules += simulated.schedules;
      for (const [kind, count] of Object.entries(simulated.blows)) blows[kind] = (blows[kind] ?? 0) + count;
    } catch (error) {
      found += 1;
      console.error(`Tapestry ${index} of seed ${seed}:`, error, JSON.stringify(recipe));
    }
    if (Date.now() - reported < REPORT_MS) continue;
    reported = Date.now();
    console.log(`${schedules} schedules, ${found} found, after ${seconds(began)} s`);
  }
  console.log(`${recipes.length} tapestries, ${schedules} schedules in ${seconds(began)} s; found: ${found}`);
  console.log(blows);
  process.exitCode = found === 0 ? 0 : 1;
}

const seconds = (since: number): number => Math.round((Date.now() - since) / 1_000);

void main();
