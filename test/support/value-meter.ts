import type { Backends, DataStore } from '../../src/ports';
import { withMethods } from './with-methods';

/** Real backends that count how often large values are read and written. */
export class ValueMeter {
  readonly backends: Backends;
  reads = 0;
  writes = 0;

  /** @param threshold bytes of the smallest value that counts */
  constructor(
    real: Backends,
    private readonly threshold: number,
  ) {
    const { dataStore } = real;
    const metered = withMethods<DataStore>(dataStore, {
      get: async (hash) => {
        const bytes = await dataStore.get(hash);
        if (bytes) this.reads += this.countLarge([bytes]);
        return bytes;
      },
      getMany: async (hashes) => {
        const found = await dataStore.getMany(hashes);
        this.reads += this.countLarge([...found.values()]);
        return found;
      },
      put: async (values) => {
        this.writes += this.countLarge(values.map(({ bytes }) => bytes));
        await dataStore.put(values);
      },
    });
    this.backends = withMethods<Backends>(real, {
      dataStore: metered,
      commit: async (commits) => {
        this.writes += this.countLarge(commits.flatMap(({ values }) => values.map(({ bytes }) => bytes)));
        return await real.commit(commits);
      },
    });
  }

  private countLarge(values: readonly Uint8Array[]): number {
    return values.filter(({ byteLength }) => byteLength >= this.threshold).length;
  }
}
