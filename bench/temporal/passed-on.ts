import type { Backends, DataStore } from 'selvage/ports';
import { openBackends } from 'selvage/backends';
import { Selvage } from 'selvage/client';
import { branch, firstOk, gate, knot, tapestry } from 'selvage';
import { z } from 'zod';
import { exactly, limited, readable, type Benchmark } from '../benchmark';
import { quietRuntime } from '../quiet-runtime';
import { median, timed } from '../statistics';
import { Stage } from './stage';

const MEGABYTES = 50;
const MEGABYTE = 1024 * 1024;
/** An inline value is at most this, with what stands around it. */
const LARGEST_PAYLOAD = 2.5 * 1024;

interface Table {
  readonly type: 'table';
  readonly n: number;
  readonly text: string;
}

const make = knot('make', ({ n }: { n: number }): Table => ({
  type: 'table',
  n,
  text: 'x'.repeat(MEGABYTES * MEGABYTE),
}));
const numberOf = knot('number-of', ({ table }: { table: Table }) => table.n);

const passing = tapestry('passed-on', (t) => {
  const table = make({ n: t.parameter('n', z.number()) }, { id: 'table' });
  const open = gate({ input: table, predicate: ({ text }) => text.length > 0 }, { id: 'open' });
  const kind = branch({ input: open, on: 'type' }, { id: 'kind' });
  const size = branch(
    {
      input: kind.path('table'),
      branches: ['small', 'large'],
      selector: ({ text }) => (text.length > MEGABYTE ? 'large' : 'small'),
    },
    { id: 'size' },
  );
  const either = firstOk({ of: [size.path('small'), size.path('large')] }, { id: 'either' });
  return { n: numberOf({ table: either }, { id: 'n' }) };
});
/** Functions that read it: the predicate, both branches, and the knot at the end. */
const READERS = 4;

/** What is read and written of large values, by size alone: nothing else in the run is nearly as large. */
class Meter {
  reads = 0;
  writes = 0;

  wrap(real: Backends): Backends {
    const isLarge = ({ bytes }: { bytes: Uint8Array }): boolean => bytes.byteLength > MEGABYTE;
    const { dataStore } = real;
    const metered: Partial<DataStore> = {
      get: async (hash) => {
        const bytes = await dataStore.get(hash);
        if (bytes && isLarge({ bytes })) this.reads += 1;
        return bytes;
      },
      getMany: async (hashes) => {
        const found = await dataStore.getMany(hashes);
        for (const bytes of found.values()) if (isLarge({ bytes })) this.reads += 1;
        return found;
      },
      put: async (values) => {
        this.writes += values.filter(isLarge).length;
        await dataStore.put(values);
      },
    };
    const override = <T extends object>(target: T, methods: Partial<T>): T =>
      new Proxy(target, {
        get: (_, name) => {
          const value: unknown = Reflect.get(methods, name) ?? Reflect.get(target, name, target);
          return typeof value === 'function' ? (value.bind(target) as unknown) : value;
        },
      });
    return override(real, {
      dataStore: override(dataStore, metered),
      commit: async (commits) => {
        this.writes += commits.flatMap(({ values }) => values).filter(isLarge).length;
        return await real.commit(commits);
      },
    });
  }
}

/** A gate, two branches with their paths, and `firstOk` pass on a value that is far too large for any history. */
export const passedOn: Benchmark = {
  name: `gate, branch and firstOk over ${MEGABYTES} MB`,
  async run({ repetitions }) {
    quietRuntime();
    const stage = await Stage.open();
    const real = await openBackends({ projectDir: stage.folder });
    const meter = new Meter();
    const here = await Selvage.open({
      address: stage.selvage.location.address,
      tapestries: [passing],
      backends: meter.wrap(real),
    });
    try {
      const times: number[] = [];
      let runId = '';
      const runs = repetitions + 1;
      for (let n = 0; n < runs; n++) {
        times.push(
          await timed(async () => {
            const run = await here.start(passing, { n });
            await run.values();
            runId = run.runId;
          }),
        );
      }
      const name = this.name;
      const cost = readable(median(times));
      return [
        exactly(`${name}: reads of it`, meter.reads / runs, READERS, 'a run', { times }, `${cost} ms in all`),
        exactly(`${name}: writes of it`, meter.writes / runs, 1, 'a run', {}),
        limited(`${name}: largest payload`, await stage.largestPayload(runId), LARGEST_PAYLOAD, 'bytes', {}),
      ];
    } finally {
      await here.close();
      await real.close();
      await stage.close();
    }
  },
};
