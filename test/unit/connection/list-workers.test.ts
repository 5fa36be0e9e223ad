import { hostname } from 'node:os';
import { msToTs } from '@temporalio/common/lib/time';
import { Workers } from '../../../src/connection/workers';
import { refusal } from '../../support/refusal';

const PID = 999_999_999;
const report = (workerInstanceKey: string, more: object = {}): object => ({
  workerInstanceKey,
  workerIdentity: `${PID}@${hostname()}`,
  taskQueue: 'queue',
  status: 1,
  sdkName: 'temporal-go',
  sdkVersion: '1.2.3',
  hostInfo: { hostName: 'ada', processId: '7' },
  startTime: msToTs(5_000),
  heartbeatTime: msToTs(Date.now()),
  activityTaskSlotsInfo: { currentUsedSlots: 3 },
  plugins: [],
  ...more,
});

/** The client of a server that answers so. */
function asked(workflowService: object, isOwnServer = false): Workers {
  return new Workers({ options: { namespace: 'default' }, workflowService } as never, isOwnServer);
}
const unimplemented = (): Promise<never> =>
  Promise.reject(Object.assign(new Error('12 UNIMPLEMENTED'), { code: 12, details: '', metadata: {} }));

test.each([
  ['knows no such question', { listWorkers: unimplemented }],
  [
    'lists none and says that none report',
    {
      listWorkers: async () => ({ workers: [], workersInfo: [] }),
      describeNamespace: async () => ({ namespaceInfo: { capabilities: {} } }),
    },
  ],
])('a server that %s keeps no list', async (_what, service) => {
  await expect(asked(service).list()).rejects.toMatchObject(
    refusal('ServerRefused', 'The server keeps no list of workers'),
  );
});

test('a namespace without workers has none', async () => {
  const service = {
    listWorkers: async () => ({}),
    describeNamespace: async () => ({ namespaceInfo: { capabilities: { workerHeartbeats: true } } }),
  };
  expect(await asked(service).list()).toEqual([]);
});

test('a server that lists whole reports tells the same; those that stopped or fell silent are no longer alive', async () => {
  const workersInfo = [
    report('a'),
    report('b', { status: 3 }),
    report('c', { status: 2 }),
    report('d', { heartbeatTime: msToTs(Date.now() - 100_000) }),
  ].map((workerHeartbeat) => ({ workerHeartbeat }));
  const service = { listWorkers: async () => ({ workersInfo }) };
  expect(await asked(service).list()).toEqual([
    {
      identity: `${PID}@${hostname()}`,
      taskQueue: 'queue',
      machine: 'ada',
      processId: '7',
      selvage: null,
      sdk: 'temporal-go 1.2.3',
      since: 5_000,
      bodyHosts: [],
      bodies: null,
      runHistory: null,
      running: 3,
      reportedAt: expect.any(Number) as number,
    },
  ]);
  // All workers of the embedded server are processes of this machine.
  expect(await asked(service, true).list()).toEqual([]);
});

test('asks for page after page, and for the report of each worker where the list has none', async () => {
  const queries: string[] = [];
  const service = {
    listWorkers: async ({ query, nextPageToken }: { query: string; nextPageToken?: Uint8Array }) => {
      queries.push(query);
      const key = nextPageToken ? 'b' : 'a';
      const worker = { workerInstanceKey: key, workerIdentity: key, taskQueue: "it's", status: 1 };
      return { workers: [worker], nextPageToken: nextPageToken ? new Uint8Array() : new Uint8Array([1]) };
    },
    describeWorker: async ({ workerInstanceKey }: { workerInstanceKey: string }) =>
      workerInstanceKey === 'a' ? { workerInfo: { workerHeartbeat: report('a') } } : await unimplemented(),
  };
  const found = await asked(service).list({ taskQueue: "it's" });
  expect(found.map(({ identity, running }) => [identity, running])).toEqual([
    ['a', 3],
    ['b', null],
  ]);
  expect(queries).toEqual(["TaskQueue = 'it''s'", "TaskQueue = 'it''s'"]);
});
