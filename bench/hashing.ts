import { createRequire } from 'node:module';
import { limited, readable, type Benchmark, type Row } from './benchmark';
import { makeRows } from './raw/activities';
import { median, timed } from './statistics';

/** The codec is no entry point of the package: it is measured where it is built. */
const built = createRequire(__filename);
const { contentHash, encodeValue, encodedSize } = built('../lib/values') as typeof import('../src/values');
const { nodeSha256 } = built('../lib/backends') as typeof import('../src/backends');

const MEGABYTE = 1024 * 1024;
const TARGETS: readonly { readonly megabytes: number; readonly limit?: number }[] = [
  { megabytes: 1 },
  { megabytes: 10, limit: 300 },
];

/** Canonical form and content hash of a value as knots pass it. */
export const hashing: Benchmark = {
  name: 'hash of a nested value',
  async run({ repetitions }) {
    const rows: Row[] = [];
    for (const { megabytes, limit } of TARGETS) {
      const tables = Array.from({ length: megabytes }, (_, index) => makeRows(index));
      const value = { tables, stamp: { at: new Date(0), parts: new Map([['all', new Set([1, 2])]]) } };
      const times: number[] = [];
      const hash = async (): Promise<string> => contentHash(encodeValue(value), nodeSha256);
      await hash();
      for (let repetition = 0; repetition < repetitions; repetition++) times.push(await timed(hash));
      const size = `${readable(encodedSize(encodeValue(value)) / MEGABYTE)} MiB`;
      const measure = `hash of a nested value of ${megabytes} MB`;
      const cost = median(times);
      rows.push(
        limit === undefined
          ? { measure, measured: `${readable(cost)} ms (${size})`, numbers: { times } }
          : limited(measure, cost, limit, 'ms', { times }, size),
      );
    }
    return rows;
  },
};
