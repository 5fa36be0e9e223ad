import { appendFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { FileTailSource, StreamingSourceTrigger, knot, tapestry } from '../../../src';
import { serve, type Serving } from '../../../src/serve';
import { onClose, openSelvage, selvageForAll, temporaryFolder, unique } from '../../support/open-selvage';
import { until } from '../../support/until';

const length = knot('length', ({ line }: { line: string }) => line.length);
const measuring = tapestry('measuring-lines', (t) => ({
  length: length({ line: t.parameter('line', z.string().max(20)) }, { id: 'length' }),
}));
const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const selvage = selvageForAll({ tapestries: [measuring] });

test('each line of a file starts one run, also after a restart, but for those that none is wanted for', async () => {
  const file = path.join(await temporaryFolder(), 'a.log');
  const id = unique('lines');
  let places: Readonly<Record<string, unknown>> | undefined;
  const serving = async (): Promise<Serving> => {
    const trigger = new StreamingSourceTrigger(new FileTailSource({ path: file, poll: 20 }), measuring, {
      id,
      map: (line) => (line.startsWith('#') ? null : { line }),
      checkpoint: { load: async () => places as never, save: async (now) => void (places = now) },
    });
    const served = await serve({ triggers: [trigger], selvage: selvage(), logger: quiet });
    onClose(() => served.stop());
    return served;
  };
  const started = async (): Promise<number[]> => {
    const { items } = await selvage().runs.list({ trigger: `stream:${id}` });
    const values = await Promise.all(items.map(({ run_id }) => selvage().getRun(run_id).values()));
    return values.map((value) => Number((value as { length: number }).length)).sort();
  };
  writeFileSync(file, `one\n# none\n${'too long'.repeat(9)}\nthree\n`);
  const first = await serving();
  await until('two runs have begun', async () => (await started()).length === 2);
  await first.stop();
  appendFileSync(file, 'fourth\n');
  await serving();
  await until('a third has begun', async () => (await started()).length === 3);
  expect(await started()).toEqual([3, 5, 6]);
});

test('the example of the documentation starts a run for each line but for comments', async () => {
  const file = path.join(await temporaryFolder(), 'access.log');
  writeFileSync(file, '# a comment\n10.0.0.1 - - [01/Feb/2026:10:00:00 +0000] "GET /a HTTP/1.1" 500 12\n');
  process.env['ACCESS_LOG'] = file;
  onClose(async () => void delete process.env['ACCESS_LOG']);
  const { triggers } = await import('../../../examples/log-tail/trigger.js');
  const opened = await openSelvage({ tapestries: [triggers[0]!.tapestry] });
  const served = await serve({ triggers, selvage: opened, logger: quiet });
  onClose(() => served.stop());
  const run = await until('a run has begun', async () => {
    const { items } = await opened.runs.list({ trigger: 'stream:access-log-lines' });
    return items[0];
  });
  expect(await opened.getRun(run.run_id).values()).toEqual({ alert: '500 GET /a' });
});
