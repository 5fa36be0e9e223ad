import { randomBytes } from 'node:crypto';
import { Registry, WorkerParts } from '../../../src/activities';
import { createInMemoryBackends, nodeSha256 } from '../../../src/backends';
import { createEncryption, sealBackends, withSubject } from '../../../src/encryption';
import type { PlanKnot } from '../../../src/plan';
import { sampleHash, sampleLineage, sampleValue } from '../../../src/testing/sample-records';

test('runs that look up values at the same moment find each what is there for its own subject', async () => {
  const keys = `a:${randomBytes(32).toString('base64')}`;
  const backends = sealBackends(createInMemoryBackends(), createEncryption({ keys, subjectKeys: 'memory:' }));
  const environment = new WorkerParts({
    registry: new Registry([], nodeSha256),
    resources: {},
    identity: 'worker-1',
    inlineLimit: 0,
    sha256: nodeSha256,
  });
  environment.attach(backends);
  const record = sampleLineage({ cache_key: sampleHash('key'), output_hash: sampleHash('made') });
  const commit = { record, values: [sampleValue('made')] };
  await withSubject('anna', () => backends.commit([commit]));

  const knot = { policy: { cache: {} } } as PlanKnot;
  const found = await Promise.all(
    ['anna', 'bert', 'anna'].map((subject) =>
      withSubject(subject, () => environment.cachedValues.find(knot, record.cache_key!)),
    ),
  );
  expect(found).toEqual([{ record }, { passedOver: 'value_gone' }, { record }]);
});
