import { knot, tapestry, type FailOn, type Outcome } from 'selvage';
import type { Selvage } from 'selvage/client';
import { z } from 'zod';
// `Selvage.open`, on the server of these tests.
import { closeAll, openSelvage } from '../../../support/open-selvage';

const attempt = knot('attempt', ({ fails }: { fails: boolean }) => {
  if (fails) throw new Error('no luck');
  return 'done';
});
const report = knot('report', { receives: 'outcomes' }, ({ x }: { x: Outcome<string> }) => x.kind);

const attempts = (failOn: FailOn) =>
  tapestry(
    `attempts-${failOn}`,
    { failOn, parameters: { first: z.boolean(), second: z.boolean() } },
    (_t, { first, second }) => {
      const received = attempt({ fails: first }, { id: 'received' });
      attempt({ fails: second }, { id: 'alone' });
      return { report: report({ x: received }, { id: 'report' }) };
    },
  );
const tapestries = {
  unhandled: attempts('unhandled'),
  any: attempts('any'),
  never: attempts('never'),
};

const nothing = { first: false, second: false };
const received = { first: true, second: false };
const unhandled = { first: false, second: true };

let selvage: Selvage;
beforeAll(async () => {
  selvage = await openSelvage({ tapestries: Object.values(tapestries) });
});
afterAll(closeAll);

test.each([
  { fails: nothing, status: 'succeeded', failOn: 'unhandled', workflow: 'COMPLETED' },
  { fails: nothing, status: 'succeeded', failOn: 'any', workflow: 'COMPLETED' },
  { fails: nothing, status: 'succeeded', failOn: 'never', workflow: 'COMPLETED' },
  { fails: received, status: 'failed', failOn: 'unhandled', workflow: 'COMPLETED' },
  { fails: received, status: 'failed', failOn: 'any', workflow: 'FAILED' },
  { fails: received, status: 'failed', failOn: 'never', workflow: 'COMPLETED' },
  { fails: unhandled, status: 'failed', failOn: 'unhandled', workflow: 'FAILED' },
  { fails: unhandled, status: 'failed', failOn: 'any', workflow: 'FAILED' },
  { fails: unhandled, status: 'failed', failOn: 'never', workflow: 'COMPLETED' },
] as const)('$fails, failOn: $failOn: $workflow', async ({ fails, status, failOn, workflow }) => {
  const run = await selvage.start(tapestries[failOn], fails);
  expect(await run.result()).toMatchObject({ status, succeeded: status === 'succeeded' });

  const onServer = await selvage.client.workflow.getHandle(run.runId).describe();
  expect(onServer.status.name).toBe(workflow);
  // The values follow the workflow.
  if (workflow === 'FAILED') await expect(run.values()).rejects.toMatchObject({ code: 'RunFailed' });
  else expect(await run.values()).toEqual({ report: fails.first ? 'err' : 'ok' });
});
