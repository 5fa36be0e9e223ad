import { runLocally } from '../../../src';
import { createInMemoryBackends } from '../../../src/backends';
import { canonicalOf, canonicalResult } from '../canonical';
import { expectGolden, type Golden } from '../golden-file';
import { subjectsOn, type Subject } from '../tapestries';

test('runs in process come to what is recorded of them', async () => {
  const actual: Record<string, Golden[string]> = {};
  for (const subject of subjectsOn('in process')) Object.assign(actual, await runsOf(subject));
  expectGolden('in-process', actual);
});

async function runsOf({ name, tapestry, parameters, signals, isReused, ...code }: Subject): Promise<Golden> {
  const backends = createInMemoryBackends();
  const runIds = isReused ? [name, `${name}-again`] : [name];
  const results = new Map<string, Record<string, unknown>>();
  for (const runId of runIds) {
    results.set(runId, canonicalResult(await runLocally(tapestry, parameters, { runId, backends, signals })));
  }
  const records = await canonicalOf(backends, runIds, () => code);
  return Object.fromEntries(runIds.map((id) => [id, { result: results.get(id)!, ...records[id] }]));
}
