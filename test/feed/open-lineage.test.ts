import { readFileSync } from 'node:fs';
import path from 'node:path';
import { dataset, openLineageEmitter, sink, source, tapestry } from '../../src';
import type * as specification from '../../src/adapters/open-lineage/specification';
import { faultsOf } from '../support/open-lineage/checked';
import { closeAll, openSelvage, temporaryFolder } from '../support/open-selvage';
import { until } from '../support/until';

afterEach(closeAll);

test('a durable run is told to OpenLineage, with what it reads and writes', async () => {
  const file = path.join(await temporaryFolder(), 'lineage.ndjson');
  const copy = tapestry('copy-orders', () => {
    const orders = source({ read: () => [1] }, { id: 'orders', reads: dataset('postgres://db/shop/orders') });
    sink({ inputs: { orders }, write: () => 1 }, { id: 'copy', writes: dataset('s3://reports/orders') });
  });
  const selvage = await openSelvage({
    tapestries: [copy],
    emitters: [openLineageEmitter({ namespace: 'shop', file })],
  });
  const run = await selvage.start(copy, {});
  await run.result();
  const told = (): specification.RunEvent[] => {
    const lines = readFileSync(file, { encoding: 'utf8', flag: 'a+' }).split('\n');
    return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as specification.RunEvent);
  };
  await until('the end of the run', () =>
    told().some(({ job, eventType }) => job.name === copy.name && eventType === 'COMPLETE'),
  );
  const events = told();
  expect(events.flatMap(faultsOf)).toEqual([]);
  expect(events).toHaveLength(6);
  expect(events.at(-1)).toMatchObject({
    inputs: [{ namespace: 'postgres://db:5432', name: 'shop.public.orders' }],
    outputs: [{ namespace: 's3://reports', name: 'orders' }],
  });
});
