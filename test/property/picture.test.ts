import fc from 'fast-check';
import type { GraphKnot } from '../../src/authoring/run-graph';
import { layoutPicture } from '../../src/visualisation/layout';
import type { Box, Picture } from '../../src/visualisation/picture';

type Knots = readonly GraphKnot[];

const segment = fc.constantFrom('a', 'b', 'c', 'load', 'clean-up');
const name = fc
  .array(fc.tuple(segment, fc.constantFrom('.', '.', '/', ':')), { minLength: 0, maxLength: 4 })
  .map((parts) => parts.map(([text, separator]) => text + separator).join(''));

/** Any acyclic wiring of knots whose ids begin alike by chance, so that groups need each other in circles, too. */
const knots: fc.Arbitrary<Knots> = fc
  .array(
    fc.record({
      name,
      isParameter: fc.boolean(),
      parents: fc.array(fc.nat(), { maxLength: 4 }),
    }),
    { maxLength: 60 },
  )
  .map((all) =>
    all.map(({ name, isParameter, parents }, index) => ({
      id: isParameter && index < 4 ? `param:p${index}` : `${name}k${index}`,
      kind: isParameter && index < 4 ? 'parameter' : 'knot',
      configHash: 'sha256:0',
      inputs:
        index === 0 || (isParameter && index < 4)
          ? [{ name: 'constant', constant: 'sha256:1' }]
          : parents.map((parent, at) => ({ name: `input-${at}`, from: parent % index })),
    })),
  );

/** A parent of many, in several layers, as fans of thousands are. */
const wide: fc.Arbitrary<Knots> = fc
  .record({
    branches: fc.integer({ min: 1, max: 60 }),
    steps: fc.integer({ min: 1, max: 3 }),
    joins: fc.boolean(),
  })
  .map(({ branches, steps, joins }) => {
    const made: GraphKnot[] = [knot('top', [])];
    for (let step = 0; step < steps; step++) {
      for (let branch = 0; branch < branches; branch++)
        made.push(knot(`s${step}-${branch}`, [step === 0 ? 0 : made.length - branches]));
    }
    if (joins)
      made.push(
        knot(
          'all',
          Array.from({ length: branches }, (_, at) => made.length - branches + at),
        ),
      );
    return made;
  });

const graphs = fc.oneof({ weight: 3, arbitrary: knots }, { weight: 1, arbitrary: wide });

function knot(id: string, parents: readonly number[]): GraphKnot {
  return {
    id,
    kind: 'knot',
    configHash: 'sha256:0',
    inputs: parents.map((from, at) => ({ name: `i${at}`, from })),
  };
}

/** Closes some of the groups that there are. */
const closing = fc.infiniteStream(fc.boolean());

function pictures(given: Knots, choices: Iterator<boolean>): Picture[] {
  const open = layoutPicture({ knots: given });
  const closed = new Set(open.groups.map((group) => group.name).filter(() => choices.next().value === true));
  return [open, layoutPicture({ knots: given }, { closed })];
}

function overlap(a: Box, b: Box): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

function isInside(inner: Box, outer: Box): boolean {
  return (
    inner.x >= outer.x &&
    inner.y >= outer.y &&
    inner.x + inner.width <= outer.x + outer.width &&
    inner.y + inner.height <= outer.y + outer.height
  );
}

/** What is drawn as one box, by the number that wires have for it. */
function boxesOf({ boxes, groups }: Picture): Map<number, Box> {
  const found = new Map<number, Box>();
  boxes.forEach((box, index) => box && found.set(index, box));
  groups.forEach((group, index) => group.isClosed && found.set(-1 - index, group));
  return found;
}

/** The box that a knot is drawn in. */
function endOf(picture: Picture, index: number): number {
  if (picture.boxes[index]) return index;
  return -1 - picture.groups.findIndex(({ isClosed, members }) => isClosed && members.includes(index));
}

function segmentsOf(points: readonly number[]): Box[] {
  return Array.from({ length: points.length / 2 - 1 }, (_, at) => {
    const [x0, y0, x1, y1] = points.slice(2 * at, 2 * at + 4) as [number, number, number, number];
    return { x: Math.min(x0, x1), y: Math.min(y0, y1), width: Math.abs(x1 - x0), height: Math.abs(y1 - y0) };
  });
}

/** All that is wrong with a picture, in words. */
function faultsOf(given: Knots, picture: Picture): string[] {
  const faults: string[] = [];
  const must = (holds: boolean, ...what: unknown[]): void => {
    if (!holds) faults.push(what.join(' '));
  };
  const boxes = boxesOf(picture);
  const page = { x: 0, y: 0, width: picture.width, height: picture.height };
  const all = [...boxes];
  all.forEach(([end, box], at) => {
    must(isInside(box, page), end, 'is outside of the picture');
    for (const [other, otherBox] of all.slice(at + 1)) must(!overlap(box, otherBox), end, 'overlaps', other);
  });
  checkGroups(given, picture, must);
  const wanted = new Map<string, number>();
  given.forEach(({ inputs }, index) => {
    for (const input of inputs) {
      if (!('from' in input)) continue;
      const [from, to] = [endOf(picture, input.from), endOf(picture, index)];
      if (from !== to) wanted.set(`${from} ${to}`, (wanted.get(`${from} ${to}`) ?? 0) + 1);
    }
  });
  for (const { from, to, inputs } of picture.wires) {
    must(wanted.get(`${from} ${to}`) === inputs, 'a wire from', from, 'to', to, 'for', inputs);
    wanted.delete(`${from} ${to}`);
  }
  for (const missing of wanted.keys()) must(false, 'no wire for', missing);
  const onCircle = circular(picture);
  for (const { from, to, points } of picture.wires) {
    const [source, target] = [boxes.get(from)!, boxes.get(to)!];
    const [x0, y0, x1, y1] = [points[0]!, points[1]!, points.at(-2)!, points.at(-1)!];
    must(
      y0 === source.y + source.height && x0 > source.x && x0 < source.x + source.width,
      from,
      'to',
      to,
      'begins elsewhere',
    );
    must(y1 === target.y && x1 > target.x && x1 < target.x + target.width, from, 'to', to, 'ends elsewhere');
    for (const { x, y, width, height } of segmentsOf(points)) {
      must(width === 0 || height === 0, from, 'to', to, 'is slanting');
      must(isInside({ x, y, width, height }, page), from, 'to', to, 'leaves the picture');
      for (const [end, box] of all) {
        const isClear =
          x + width <= box.x || x >= box.x + box.width || y + height <= box.y || y >= box.y + box.height;
        must(isClear, from, 'to', to, 'crosses', end);
      }
    }
    if (onCircle.has(`${from} ${to}`)) continue;
    for (let at = 3; at < points.length; at += 2)
      must(points[at]! >= points[at - 2]!, from, 'to', to, 'goes up');
  }
  return faults;
}

/** Wires between closed groups that need each other: not all of these can go downward. */
function circular({ wires }: Picture): Set<string> {
  const children = new Map<number, number[]>();
  for (const { from, to } of wires) children.set(from, [...(children.get(from) ?? []), to]);
  const reaches = (from: number, wanted: number): boolean => {
    const seen = new Set([from]);
    for (const at of seen) for (const child of children.get(at) ?? []) seen.add(child);
    return seen.has(wanted);
  };
  return new Set(wires.filter(({ from, to }) => reaches(to, from)).map(({ from, to }) => `${from} ${to}`));
}

function checkGroups(
  given: Knots,
  { boxes, groups }: Picture,
  must: (holds: boolean, ...what: unknown[]) => void,
): void {
  groups.forEach((group, index) => {
    const { parent, members, name } = group;
    must(members.length > 1, name, 'has one knot');
    for (const member of members) {
      must(given[member]!.id.startsWith(name), given[member]!.id, 'is in', name);
      const box = boxes[member];
      must(box === undefined || isInside(box, group), member, 'stands outside of', name);
    }
    if (parent !== undefined) {
      must(parent < index && groups[parent]!.depth < group.depth, name, 'comes before', parent);
      must(isInside(group, groups[parent]!), name, 'stands outside of', parent);
    }
    const outer = new Set<number>([index]);
    for (let at = parent; at !== undefined; at = groups[at]!.parent) outer.add(at);
    groups.slice(0, index).forEach((other, at) => {
      must(outer.has(at) || !overlap(group, other), name, 'overlaps', other.name);
    });
    boxes.forEach((box, knot) => {
      if (box && !members.includes(knot)) must(!overlap(group, box), name, 'overlaps', knot);
    });
  });
}

test('boxes and groups lie apart, every edge is drawn downward and through no box, and all is within the picture', () => {
  fc.assert(
    fc.property(graphs, closing, (given, choices) => {
      for (const picture of pictures(given, choices[Symbol.iterator]()))
        expect(faultsOf(given, picture)).toEqual([]);
    }),
    { numRuns: 300 },
  );
});

test('a box beside groups that need each other stands clear of their borders, however deep these are', () => {
  const given = [
    knot('clean-up.k0', []),
    knot('k1', []),
    knot('c.a.k2', []),
    knot('c.a.k3', []),
    knot('c.k4', [0]),
    knot('clean-up.k5', [2]),
  ];
  for (const closed of [[], ['clean-up']])
    expect(faultsOf(given, layoutPicture({ knots: given }, { closed: new Set(closed) }))).toEqual([]);
});

test('what needs a circle of groups stands below it', () => {
  const given = [
    knot('load:c.k0', []),
    knot('clean-up.k1', [0]),
    knot('k2', [0]),
    knot('load:c.k3', [1]),
    knot('clean-up.k4', [2]),
    knot('load.k5', []),
  ];
  expect(faultsOf(given, layoutPicture({ knots: given }, { closed: new Set(['load:c']) }))).toEqual([]);
});

test('the same wiring has the same picture, whatever became of it', () => {
  fc.assert(
    fc.property(graphs, (given) => {
      const state = { outcome: 'err', scheduledAt: 1, startedAt: 2, finishedAt: 3, attempt: 1 } as const;
      const run = given.map((knot, index) =>
        index % 2 === 0 ? { state, ...knot, summary: 'text' } : { ...knot },
      );
      expect(JSON.stringify(layoutPicture({ knots: run }))).toBe(
        JSON.stringify(layoutPicture({ knots: given })),
      );
    }),
    { numRuns: 50 },
  );
});
