import fc from 'fast-check';
import { runLocally } from '../../src';
import { recordOf } from '../../src/authoring';
import { parentsOf, type RunGraph } from '../../src/authoring/run-graph';
import { runs } from '../support/thorough';
import { arbitraryRecipe, signalsOf, tapestryOf } from '../support/random-tapestry';

/** As the graph says them: by knot and input, where the input comes from. */
function edgesOf({ knots }: RunGraph): string[] {
  return knots
    .flatMap(({ id, inputs }) =>
      inputs.flatMap((input) => ('from' in input ? [`${knots[input.from]!.id} -> ${id}.${input.name}`] : [])),
    )
    .sort();
}

test('the graph of a run has each knot that was wired, with all of its inputs and no others, and what became of it', async () => {
  await fc.assert(
    fc.asyncProperty(arbitraryRecipe({ maxLength: 16 }), async (recipe) => {
      const t = tapestryOf('random', recipe);
      const record = recordOf(t);
      const result = await runLocally(t, recipe.parameters, { signals: signalsOf(recipe) });
      const wired = [...record.knots.values()].flatMap(({ id, inputs }) =>
        [...inputs].flatMap(([name, input]) =>
          input.kind === 'parent' ? [`${input.knot.id} -> ${id}.${name}`] : [],
        ),
      );
      const { graph } = result;
      const brought = new Set(recipe.steps.filter((step) => step.isBrought).map(({ id }) => id));
      const ids = graph.knots.map(({ id }) => id);
      expect(ids.filter((id) => !brought.has(id)).sort()).toEqual([...record.knots.keys()].sort());
      expect(edgesOf(graph).filter((edge) => !brought.has(/ -> (.*)\./.exec(edge)![1]!))).toEqual(
        wired.sort(),
      );
      graph.knots.forEach((knot, index) => {
        for (const parent of parentsOf(knot)) expect(parent).toBeLessThan(index);
        expect([knot.id, knot.state?.outcome]).toEqual([
          knot.id,
          result.lineage.find(({ knot_id }) => knot_id === knot.id)?.outcome,
        ]);
      });
    }),
    { numRuns: runs(40, 300) },
  );
});
