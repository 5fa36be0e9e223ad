import { knot, map, reduce, tapestry, type Knot, type Tapestry } from 'selvage';
import { increment, sum } from '../raw/activities';

export type Shape = 'chain' | 'fan-out' | 'map';

const one = knot('one', () => 1);
const inc = knot('inc', ({ x }: { x: number }) => increment(x));
const total = knot('total', (values: Record<string, number>) => sum(Object.values(values)));

const SHAPES: Record<Shape, (size: number) => Tapestry<object, { result: number }>> = {
  chain,
  'fan-out': fanOut,
  map: mapping,
};

/** A tapestry of exactly `size` knots, or of a map of `size` elements. */
export function shaped(shape: Shape, size: number): Tapestry<object, { result: number }> {
  return SHAPES[shape](size);
}

function chain(size: number): Tapestry<object, { result: number }> {
  return tapestry('chain', () => {
    let result = one({}, { id: 'one' }) as Knot<number>;
    for (let index = 1; index < size; index++) result = inc({ x: result }, { id: `inc-${index}` });
    return { result };
  });
}

function fanOut(size: number): Tapestry<object, { result: number }> {
  return tapestry('fan-out', () => {
    const first: Knot<number> = one({}, { id: 'one' });
    const values: Record<string, Knot<number>> = {};
    for (let index = 2; index < size; index++)
      values[`v${index}`] = inc({ x: first }, { id: `inc-${index}` });
    return { result: total(values, { id: 'total' }) };
  });
}

function mapping(size: number): Tapestry<object, { result: number }> {
  return tapestry('map', () => {
    const list = knot('list', () => Array.from({ length: size }, (_, index) => index))({}, { id: 'list' });
    const mapped = map({ over: list, each: inc, bind: 'x' }, { id: 'mapped' });
    return { result: reduce({ of: mapped, combine: (values) => sum(values) }, { id: 'total' }) };
  });
}
