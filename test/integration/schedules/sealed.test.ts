import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { knot, schedule, tapestry, type ScheduleDeclaration } from '../../../src';
import type { Selvage } from '../../../src/client';
import { createEncryption, type Encryption } from '../../../src/encryption';
import { closeAll, connectSelvage, openSelvage, unique } from '../../support/open-selvage';
import { rejectionOf } from '../../support/rejection-of';
import { until } from '../../support/until';

afterEach(closeAll);

const SECRET = 'Geheimnis-7f3a';
const say = knot('say', ({ word }: { word: string }) => `said ${word}`);
const saying = tapestry('saying', { parameters: { word: z.string() } }, (_, { word }) => ({
  said: say({ word }, { id: 'said' }),
}));
const yearly = (id: string): ScheduleDeclaration =>
  schedule(saying, { id, cron: '@yearly', parameters: { word: SECRET } });
const withKey = (id = 'a'): Encryption =>
  createEncryption({ keys: `${id}:${randomBytes(32).toString('base64')}` });

test('with keys, the server has no value of a schedule in the open, and its runs open what is sealed', async () => {
  const id = unique('sealed');
  const selvage = await openSelvage({ tapestries: [saying], encryption: withKey() });
  await selvage.schedules.deploy([yearly(id)]);
  expect(await selvage.schedules.compare([yearly(id)])).toMatchObject([{ change: 'same' }]);
  const { client } = selvage;
  const onServer = await client.workflowService.describeSchedule({
    namespace: client.options.namespace,
    scheduleId: id,
  });
  const { input, memo } = onServer.schedule!.action!.startWorkflow!;
  const payloads = [...(input?.payloads ?? []), ...Object.values(memo?.fields ?? {})];
  expect(payloads.length).toBeGreaterThan(1);
  for (const { data } of payloads) expect(Buffer.from(data!).toString('latin1')).not.toContain(SECRET);
  const { runId } = await selvage.schedules.trigger(id);
  expect(await selvage.getRun(runId!).values()).toEqual({ said: `said ${SECRET}` });
  await selvage.schedules.delete(id);
});

test.each([
  ['no key', (): Promise<Selvage> => connectSelvage({ encryption: false })],
  ['another key', (): Promise<Selvage> => connectSelvage({ encryption: withKey('b') })],
])('with %s, a sealed schedule is listed as unreadable, and in the way of no other', async (_, connect) => {
  const [sealed, plain, source] = [unique('sealed'), unique('plain'), unique('source')];
  const owner = await connectSelvage({ encryption: withKey() });
  await owner.schedules.deploy([yearly(sealed)], { owner: source });
  const { schedules } = await connect();
  expect(await schedules.deploy([yearly(plain)], { owner: source, prune: true })).toMatchObject([
    { id: plain, action: 'created' },
  ]);
  // The server's listing comes a little later than its schedules.
  const listed = await until('both are listed', async () => {
    const all = new Map((await schedules.list()).map((one) => [one.id, one]));
    return all.has(plain) && all.has(sealed) ? all : undefined;
  });
  expect(listed.get(plain)).toMatchObject({ form: { tapestry: 'saying' } });
  expect(listed.get(sealed)).toMatchObject({
    unreadable: { code: 'KeyMissing', message: expect.stringContaining(sealed) as string },
  });
  expect(await rejectionOf(schedules.show(sealed))).toMatchObject({
    code: 'KeyMissing',
    details: { schedule: sealed },
  });
  for (const id of [sealed, plain]) await owner.schedules.delete(id);
});
