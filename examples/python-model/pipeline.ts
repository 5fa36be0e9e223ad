import path from 'node:path';
import { dask, knot, map, pick, python, tapestry, threads } from 'selvage';
import { z } from 'zod';
import { cross_validate, load, score, train, type Settings, type Trial } from './bodies';
import { propose, select, split, tabulate, weigh } from './features';

const modules = { path: [path.join(__dirname, 'python')] };
/** What calls the bodies in Python: processes beside the worker, or a cluster of Dask that is started with it. */
const host = process.env['ON_DASK'] === 'true' ? dask({ local: true, ...modules }) : python(modules);

/** Chooses the best trial; among equals, the smallest forest. */
const choose = knot('choose', ({ trials }: { trials: Trial[] }) => {
  const size = ({ settings: { trees, depth } }: Trial): number => trees * depth;
  return trials.reduce((best, next) => {
    const isBetter = next.accuracy - best.accuracy || size(best) - size(next);
    return isBetter > 0 ? next : best;
  });
});

const GRID = [5, 20, 80].flatMap((trees) => [2, 4, 8].map((depth): Settings => ({ trees, depth })));
const count = z.number().int().positive();

export const model = tapestry(
  'model',
  {
    parameters: {
      /** Most columns that the model gets. */
      most: { schema: count, default: 8 },
      /** How often the growers are shuffled for each feature. */
      shuffles: { schema: count, default: 10_000 },
      /** Settings of the forests that are tried. */
      grid: { schema: z.array(z.object({ trees: count, depth: count })).min(1), default: GRID },
    },
    knots: { dispatcher: host },
  },
  (_, { most, shuffles, grid }) => {
    const wines = load({}, { id: 'wines' });
    const parts = split({ wines }, { id: 'split' });
    const training = pick({ from: parts, path: 'training' }, { id: 'training' });
    const test = pick({ from: parts, path: 'test' }, { id: 'test' });

    const proposed = propose({ wines: training }, { id: 'proposed' });
    const weighed = map(
      { over: proposed, each: weigh, bind: 'feature', shared: { wines: training, shuffles }, batch: 8 },
      { id: 'weighed', dispatcher: threads() },
    );
    const features = select({ weighed, most }, { id: 'features' });
    const table = tabulate({ wines: training, features }, { id: 'training-table' });
    const testTable = tabulate({ wines: test, features }, { id: 'test-table' });

    const trials = map(
      { over: grid, each: cross_validate, bind: 'settings', shared: { table } },
      { id: 'trials' },
    );
    const best = choose({ trials }, { id: 'best' });
    const settings = pick({ from: best, path: 'settings' }, { id: 'settings' });
    const trained = train({ settings, table }, { id: 'trained' });
    const columns = pick({ from: table, path: 'columns' }, { id: 'columns' });
    return { columns, best, score: score({ model: trained, table: testTable }, { id: 'score' }) };
  },
);
