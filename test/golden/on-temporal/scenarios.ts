import { runLocally, type LineageRecord } from '../../../src';
import { createInMemoryBackends } from '../../../src/backends';
import { RECIPES, nameOf, subjectOf, type Placement, type Subject } from '../tapestries';
import { rulesOf, type Point, type Stores } from './points';

/** A run whose worker is lost at a point. It is plain data, so that processes can be told of it. */
export interface Scenario {
  readonly name: string;
  readonly recipe: number;
  readonly placement: Placement;
  readonly stores: Stores;
  readonly point: Point;
  /** The knot, and in the run of which knot it is: empty, or `/<knot>#<n>`. */
  readonly target: { readonly run: string; readonly knot: string };
  readonly runId: string;
  readonly taskQueue: string;
}

/** What is struck in a run. */
interface Wanted {
  readonly placement: Placement;
  readonly points: readonly Point[];
  readonly stores: readonly Stores[];
  /** Which of the knots of a run it can be. */
  readonly at: (record: LineageRecord, subject: Subject) => boolean;
}

const BOTH: readonly Stores[] = ['one database', 'split'];
const AROUND: readonly Point[] = ['before the commit', 'before the record', 'after the record'];

const kindOf = ({ knot_id: id }: LineageRecord): string => /^k\d\d-(\w+)$/.exec(id)?.[1] ?? '';
const isBody = (record: LineageRecord): boolean =>
  ['mix', 'tally', 'aggregate', 'sink', 'spread', 'gate', 'draw', 'area', 'sum'].includes(kindOf(record));
const isElement = ({ knot_id: id }: LineageRecord): boolean => /-map(Record)?\[(1|b)\]$/.test(id);

const WANTED: readonly Wanted[] = [
  {
    placement: 'queue',
    points: [...AROUND, 'commit fails', 'commit is not answered'],
    stores: BOTH,
    at: isBody,
  },
  { placement: 'queue', points: AROUND, stores: ['split'], at: (record) => kindOf(record) === 'map' },
  { placement: 'queue', points: AROUND, stores: ['split'], at: isElement },
  {
    placement: 'queue',
    points: ['after the record'],
    stores: BOTH,
    at: (record) => kindOf(record) === 'planter',
  },
  {
    placement: 'queue',
    points: ['before the extended plan', 'before the extension', 'after the extension'],
    stores: ['one database'],
    at: (record) => kindOf(record) === 'planter',
  },
  {
    placement: 'queue',
    points: ['before the start', 'after the start', 'before the end', 'after the end'],
    stores: ['one database'],
    at: isBody,
  },
  {
    placement: 'queue',
    points: AROUND,
    stores: ['split'],
    at: ({ run_id: run, knot_id: knot }) => run.includes('subTapestry') && knot === 'recovered',
  },
  {
    placement: 'queue',
    points: ['before the commit', 'after the record'],
    stores: ['one database'],
    at: ({ run_id: run, knot_id: knot }) => run.endsWith('loop#2') && knot === 'grown',
  },
  {
    placement: 'segments',
    points: [...AROUND, 'commit fails', 'commit is not answered'],
    stores: BOTH,
    at: (record, { locals }) => isBody(record) && locals.has(record.knot_id),
  },
  {
    placement: 'segments',
    points: AROUND,
    stores: ['split'],
    at: (record, { locals }) => isElement(record) && locals.has(record.knot_id.split('[')[0]!),
  },
  { placement: 'batches', points: AROUND, stores: BOTH, at: isElement },
];

/**
 * All scenarios. Each takes the next recipe that has a knot for it. That knot comes to a value that nothing else in its run comes to, so that
 * nobody else puts it.
 */
export async function scenarios(prefix: string): Promise<Scenario[]> {
  const wanted = WANTED.flatMap(({ points, stores, ...rest }) =>
    points.flatMap((point) => storesFor(point, stores).map((kept) => ({ ...rest, point, stores: kept }))),
  );
  const knots = knotsToStrike();
  const found: Scenario[] = [];
  for (const { at, ...what } of wanted) {
    const { recipe, target } = await knots.next(what.placement, at);
    const number = found.length;
    const { run, knot } = target;
    found.push({
      name: `${number}: ${nameOf(recipe)}${run} ${knot}, ${what.placement}, ${what.stores}, ${what.point}`,
      ...{ ...what, recipe, target },
      runId: `${prefix}${nameOf(recipe)}-${number}`,
      taskQueue: `${prefix}${number}`,
    });
  }
  return found;
}

function storesFor(point: Point, stores: readonly Stores[]): readonly Stores[] {
  const { stores: only } = rulesOf(point);
  return only ? stores.filter((one) => one === only) : stores;
}

interface KnotsToStrike {
  next(placement: Placement, at: Wanted['at']): Promise<Pick<Scenario, 'recipe' | 'target'>>;
}

/** Goes round the recipes, so that scenarios are of different ones. */
function knotsToStrike(): KnotsToStrike {
  const candidates = RECIPES.map((recipe, index) => ({ recipe, index })).filter(
    ({ recipe: { steps } }) =>
      steps.length > 6 && steps.length < 18 && steps.every(({ kind }) => kind !== 'waitForSignal'),
  );
  const known = new Map<string, Promise<readonly LineageRecord[]>>();
  let place = 0;
  return {
    async next(placement, at) {
      for (let tries = 0; tries < candidates.length; tries++) {
        const { recipe, index } = candidates[place++ % candidates.length]!;
        const subject = subjectOf(recipe, nameOf(index), placement);
        const key = `${placement} ${index}`;
        if (!known.has(key)) known.set(key, recordsOf(subject));
        const record = fitting(await known.get(key)!, (one) => at(one, subject));
        if (record) {
          const run = record.run_id.slice(subject.name.length);
          return { recipe: index, target: { run, knot: record.knot_id } };
        }
      }
      throw new Error(`No recipe has a knot for this in ${placement}.`);
    },
  };
}

async function recordsOf({ name, tapestry, parameters }: Subject): Promise<readonly LineageRecord[]> {
  const backends = createInMemoryBackends();
  const { lineage } = await runLocally(tapestry, parameters, { runId: name, backends });
  const children = await backends.runHistory.listRuns({ limit: 500 });
  const own = children.items.filter(({ run_id: id }) => id !== name);
  const nested = await Promise.all(own.map(({ temporal_run_id: id }) => backends.runHistory.getRecords(id)));
  return [...lineage, ...nested.flat()];
}

function fitting(
  records: readonly LineageRecord[],
  fits: (record: LineageRecord) => boolean,
): LineageRecord | undefined {
  const inOrder = [...records].sort((a, b) =>
    `${a.run_id} ${a.knot_id}` < `${b.run_id} ${b.knot_id}` ? -1 : 1,
  );
  const uses = (hash: string): number => records.filter(({ output_hash: other }) => other === hash).length;
  return inOrder.find(
    (record) => record.output_hash !== null && fits(record) && uses(record.output_hash) === 1,
  );
}
