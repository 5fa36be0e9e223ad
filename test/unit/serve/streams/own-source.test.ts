import type { CustomSource } from '../../../../src';
import { openSource } from '../../../../src/serve/streams/open-source';
import type { StreamElement } from '../../../../src/streams';

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

test('a source of one’s own goes on in each of its partitions', async () => {
  const own: CustomSource<number> = async function* (_after, { checkpoint: places }) {
    for (const partition of ['a', 'b'])
      for (let offset = Number(places.get(partition) ?? 0) + 1; offset <= 3; offset++)
        yield { value: offset, offset, partition };
  };
  const source = await openSource(own, { id: 'own', logger: silent });
  const read: string[] = [];
  const context = {
    signal: new AbortController().signal,
    logger: silent,
    save: async () => {},
    trouble: () => {},
    reportGap: () => {},
  };
  for await (const delivered of source.read(new Map([['a', 2]]), context)) {
    const { partition, value } = delivered as StreamElement<number>;
    read.push(`${partition}${value}`);
  }
  expect(read).toEqual(['a3', 'b1', 'b2', 'b3']);
});
