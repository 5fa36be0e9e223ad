import { nodeSha256 } from '../../../src/backends';
import { planOf } from '../../../src/runtime';
import { knot, recordOf, tapestry } from '../../../src/authoring';

const one = knot('one', () => 1);

function recordOfOne(id: string) {
  return recordOf(tapestry('plan-of', () => ({ result: one({}, { id }) })));
}

describe('the plan of a tapestry', () => {
  test('is compiled once, whoever asks', () => {
    const record = recordOfOne('a');
    let hashed = 0;
    const counting = (data: Uint8Array | string): string => {
      hashed += 1;
      return nodeSha256(data);
    };
    const first = planOf(record, counting);
    const hashedOnce = hashed;
    expect(planOf(record, counting)).toBe(first);
    expect(hashedOnce).toBeGreaterThan(0);
    expect(hashed).toBe(hashedOnce);
  });

  test('is another one for each tapestry, and the same for equal ones', () => {
    const plan = planOf(recordOfOne('a'), nodeSha256);
    expect(planOf(recordOfOne('b'), nodeSha256).hash).not.toBe(plan.hash);
    expect(planOf(recordOfOne('a'), nodeSha256).hash).toBe(plan.hash);
  });

  test('comes with its layout and its knots by id', () => {
    const { loaded, hash } = planOf(recordOfOne('a'), nodeSha256);
    expect(loaded.hash).toBe(hash);
    expect(loaded.layout.ids).toEqual(['a']);
    expect(loaded.layout).toBe(loaded.layout);
    expect(loaded.knot('a').id).toBe('a');
  });
});
