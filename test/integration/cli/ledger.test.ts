import { openBackends } from '../../../src/backends';
import { runCommandLine } from '../../../src/cli/command-line';
import type { LedgerEntry, Page } from '../../../src/ports';
import { sampleRun } from '../../../src/testing/sample-records';
import { folderForEach } from '../../conformance/temporary-folder';
import { sharedServerAddress } from '../../support/temporal-server';
import { recordedOutput } from '../../unit/cli/output-streams';

const projectDir = folderForEach();
const EVENT = { topic: 'orders', partition: 3, offset: 17 };

async function called(...words: readonly string[]): Promise<{ code: number; stdout: string; text: string }> {
  const { output, stdout, stderr } = recordedOutput();
  const code = await runCommandLine([...words, '--project-dir', projectDir()], output);
  return { code, stdout: stdout.text, text: stdout.text + stderr.text };
}

beforeEach(async () => {
  const backends = await openBackends({ projectDir: projectDir(), environment: {} });
  const claim = { trigger: 'kafka:orders', runId: 'orders~1', requestHash: null, event: EVENT };
  await backends.startLedger.claim([
    { ...claim, key: 'done' },
    { ...claim, key: 'open', trigger: 'webhook:w' },
  ]);
  await backends.startLedger.markStarted([{ trigger: 'kafka:orders', key: 'done' }]);
  await backends.runHistory.startRun(
    sampleRun({
      run_id: 'orders~1',
      status: 'succeeded',
      finished_at: 1_700_000_000_900,
      trigger: 'kafka:orders',
      trigger_key: 'orders/3/17',
      partition: '2024-01-01',
      details: { event: EVENT },
    }),
  );
  await backends.close();
});

test('events are listed by trigger and by what has not been started, without a server', async () => {
  const all = await called('events', 'list');
  expect(all.code).toBe(0);
  expect(all.text).toMatch(/kafka:orders +done +orders~1 .*topic orders, partition 3, offset 17/);
  expect(all.text).toMatch(/webhook:w +open +orders~1 .*not yet/);
  const { stdout } = await called('events', 'list', '--pending', '--json');
  const { items } = JSON.parse(stdout) as Page<LedgerEntry>;
  expect(items).toMatchObject([{ trigger: 'webhook:w', key: 'open', startedAt: null, event: EVENT }]);
  expect((await called('events', 'list', '--trigger', 'kafka:other')).text).toContain('No event fits.');
});

test('what is removed is older than the server keeps runs, and confirmed', async () => {
  const prune = ['events', 'prune', '--address', sharedServerAddress(), '--older-than'];
  const early = await called(...prune, '1m', '--yes');
  expect(early.code).toBe(2);
  expect(early.text).toMatch(/InvalidConfig.*The server keeps runs for \d+ ms/);
  expect((await called(...prune, '3650d')).text).toMatch(/Nobody is here to answer/);
  const { code, stdout } = await called(...prune, '3650d', '--yes', '--json');
  expect({ code, ...JSON.parse(stdout) }).toEqual({ code: 0, until: expect.any(String), events: 0 });
});

test('runs show and list the event that has started them', async () => {
  const place = ['--address', sharedServerAddress()];
  const shown = await called('runs', 'show', 'orders~1', ...place);
  expect(shown.text).toMatch(/Event +orders\/3\/17 \(topic orders, partition 3, offset 17\)/);
  expect(shown.text).toMatch(/Partition +2024-01-01/);
  const listed = await called('runs', 'list', '--trigger', 'kafka:orders', ...place);
  expect(listed.text).toMatch(/EVENT/);
  expect(listed.text).toMatch(/orders~1 .*kafka:orders +orders\/3\/17/);
  expect((await called('runs', 'list', '--trigger', 'kafka:others', ...place)).text).toContain(
    'No run fits.',
  );
});
