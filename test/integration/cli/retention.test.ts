import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { Client, Connection } from '@temporalio/client';
import Libsql from 'libsql';
import { openBackends } from '../../../src/backends';
import { openRuns } from '../../../src/connection/open-runs';
import { unbegunRuns } from '../../../src/connection/unbegun-run';
import { runCommandLine } from '../../../src/cli/command-line';
import { sampleHash, sampleLineage, sampleRun, sampleValue } from '../../../src/testing/sample-records';
import { folderForEach } from '../../conformance/temporary-folder';
import { until } from '../../support/until';
import { sharedServerAddress } from '../../support/temporal-server';
import { recordedOutput } from '../../unit/cli/output-streams';

const HOUR_MS = 3_600_000;
/** Longer ago than anything that other tests have running on this server. */
const LONG_AGO = Date.now() - 72 * HOUR_MS;
const [MADE, MADE_OF_IT, LOOSE] = ['"made"', '"made of it"', '"loose"'].map(sampleValue) as [
  ReturnType<typeof sampleValue>,
  ReturnType<typeof sampleValue>,
  ReturnType<typeof sampleValue>,
];
const projectDir = folderForEach();
let connection: Connection;
const before = { ...process.env };

beforeAll(async () => {
  connection = await Connection.connect({ address: sharedServerAddress() });
});
afterAll(() => connection.close());

beforeEach(() => {
  for (const name of Object.keys(process.env))
    if (/^SELVAGE_(?!TEST_|TEMPORAL_CLI)/.test(name)) delete process.env[name];
});
afterEach(async () => {
  process.env = { ...before };
});

interface Told {
  readonly code: number;
  readonly text: string;
  readonly document: unknown;
}

async function selvage(...words: string[]): Promise<Told> {
  const { output, stdout, stderr } = recordedOutput();
  const place = ['--project-dir', projectDir()];
  const server = words[0] === 'value' ? [] : ['--address', sharedServerAddress()];
  const code = await runCommandLine([...words, ...place, ...server], output);
  const isJson = words.includes('--json') && stdout.text.trim() !== '';
  return {
    code,
    text: stdout.text + stderr.text,
    document: isJson ? (JSON.parse(stdout.text) as unknown) : undefined,
  };
}

/** A run that made two values, one of the other, and a value that no record names; all of them put long ago. */
async function fill(temporalRunId: string = randomUUID(), status: 'running' | 'succeeded' = 'succeeded') {
  const backends = await openBackends({ projectDir: projectDir() });
  const run = { run_id: `run-${temporalRunId}`, temporal_run_id: temporalRunId };
  await backends.runHistory.startRun(
    sampleRun({
      ...run,
      parameter_hashes: {},
      status,
      started_at: LONG_AGO - HOUR_MS,
      finished_at: status === 'running' ? null : LONG_AGO,
    }),
  );
  const common = { ...run, constant_input_hashes: {} };
  await backends.commit([
    {
      record: sampleLineage({
        ...common,
        knot_id: 'a',
        parent_input_hashes: {},
        parent_knot_ids: {},
        output_hash: MADE.hash,
      }),
      values: [MADE],
    },
    {
      record: sampleLineage({
        ...common,
        knot_id: 'b',
        parent_input_hashes: { x: MADE.hash },
        parent_knot_ids: { x: 'a' },
        output_hash: MADE_OF_IT.hash,
      }),
      values: [MADE_OF_IT],
    },
  ]);
  await backends.dataStore.put([LOOSE]);
  await backends.close();
  const db = new Libsql(path.join(projectDir(), '.selvage', 'selvage.db'));
  db.prepare('update selvage_values set last_put_at = ?').run([LONG_AGO]);
  db.close();
  return run.run_id;
}

/** A workflow that no worker takes: it is open until its end is asked for. */
async function withOpenRun(work: (runId: string) => Promise<void>): Promise<void> {
  const client = new Client({ connection });
  const workflowId = `open-${randomUUID()}`;
  const handle = await client.workflow.start('nobody', { workflowId, taskQueue: workflowId });
  try {
    const backends = await openBackends({ projectDir: projectDir() });
    await backends.runHistory.startRun(
      sampleRun({
        run_id: workflowId,
        temporal_run_id: handle.firstExecutionRunId,
        parameter_hashes: { x: MADE.hash },
        started_at: LONG_AGO - HOUR_MS,
      }),
    );
    await backends.close();
    await work(workflowId);
  } finally {
    await handle.terminate();
  }
}

async function there(): Promise<string[]> {
  const backends = await openBackends({ projectDir: projectDir() });
  const { items } = await backends.dataStore.list();
  await backends.close();
  const names = new Map(
    [MADE, MADE_OF_IT, LOOSE].map(({ hash, bytes }) => [hash, String(Buffer.from(bytes))]),
  );
  return items.map(({ hash }) => names.get(hash) ?? hash).sort();
}

const ALL = ['"loose"', '"made of it"', '"made"'];

describe('scrub', () => {
  test('by hash: shows what refers to it, removes it, and says why it is gone', async () => {
    const runId = await fill();
    const dry = await selvage('scrub', MADE.hash, '--dry-run');
    expect(dry.code).toBe(0);
    expect(dry.text).toContain(`made by a of run ${runId}`);
    expect(dry.text).toContain(`taken in by b of run ${runId}`);
    expect(dry.text).toContain(`had no inlineLimit 0: ${runId}`);
    expect(await there()).toEqual(ALL);

    expect(await selvage('scrub', MADE.hash, '--yes', '--json', '--reason', 'request 4711')).toMatchObject({
      code: 0,
      document: {
        items: [
          { hash: MADE.hash, isThere: true, madeBy: [{ runId, knotId: 'a' }], takenBy: [{ knotId: 'b' }] },
        ],
        running: [],
        inHistories: [runId],
        dryRun: false,
        removed: 1,
        at: expect.any(String),
        reason: 'request 4711',
      },
    });
    expect(await there()).toEqual(['"loose"', '"made of it"']);
    const value = await selvage('value', MADE.hash);
    expect(value).toMatchObject({
      code: 2,
      text: expect.stringMatching(/ValueMissing.* scrubbed .*\(request 4711\)/s),
    });
    // Nothing goes twice, and the record of the first time stays the only one.
    expect(await selvage('scrub', MADE.hash, '--json')).toMatchObject({ code: 0, document: { removed: 0 } });
    expect(await selvage('value', MADE.hash)).toEqual(value);
  });

  test('by run', async () => {
    const runId = await fill();
    expect(await selvage('scrub', '--run', runId, '--yes')).toMatchObject({
      code: 0,
      text: expect.stringContaining('Removed 2 values.'),
    });
    expect(await there()).toEqual(['"loose"']);
    expect(await selvage('scrub', '--run', 'nobody', '--yes')).toMatchObject({
      code: 2,
      text: expect.stringContaining('UnknownRun'),
    });
  });

  test('by age', async () => {
    await fill();
    expect(await selvage('scrub', '--older-than', '73h', '--yes', '--json')).toMatchObject({
      code: 0,
      document: { items: [], removed: 0 },
    });
    expect(await selvage('scrub', '--older-than', '71h', '--yes')).toMatchObject({ code: 0 });
    expect(await there()).toEqual([]);
  });

  test('is refused while a run that is not over refers to a value, unless it is forced', async () => {
    await fill();
    await withOpenRun(async (open) => {
      const refused = await selvage('scrub', MADE.hash, '--yes', '--json');
      expect(refused).toMatchObject({ code: 2, document: { running: [open], removed: 0 } });
      expect(refused.text).toContain(`(needs --force): ${open}`);
      expect(await there()).toEqual(ALL);
      expect(await selvage('scrub', MADE_OF_IT.hash, '--yes')).toMatchObject({ code: 0 });
      expect(await selvage('scrub', MADE.hash, '--yes', '--force', '--json')).toMatchObject({
        code: 0,
        document: { running: [open], removed: 1 },
      });
      expect(await there()).toEqual(['"loose"']);
    });
  });

  test('asks, and is refused where nobody can answer or nothing is named', async () => {
    await fill();
    const isTerminal = process.stdin.isTTY;
    process.stdin.isTTY = false;
    try {
      expect(await selvage('scrub', MADE.hash)).toMatchObject({
        code: 2,
        text: expect.stringMatching(/Remove 1 value for good\? Nobody is here to answer: add --yes/),
      });
    } finally {
      process.stdin.isTTY = isTerminal;
    }
    expect(await selvage('scrub', '--yes')).toMatchObject({
      code: 2,
      text: expect.stringContaining('--run RUN'),
    });
    expect(await there()).toEqual(ALL);
  });
});

describe('gc', () => {
  test('counts first, then removes what no record names; a second one finds nothing', async () => {
    await fill();
    const loose = { count: 1, bytes: LOOSE.bytes.byteLength };
    const examined = {
      count: 3,
      bytes: [MADE, MADE_OF_IT, LOOSE].reduce((sum, { bytes }) => sum + bytes.byteLength, 0),
    };
    const nothing = { count: 0, bytes: 0 };
    const found = { complete: true, examined, unreferenced: loose, expired: nothing };
    expect(await selvage('gc', '--dry-run', '--json')).toMatchObject({
      code: 0,
      document: { ...found, dryRun: true },
    });
    expect(await there()).toEqual(ALL);
    expect(await selvage('gc', '--json')).toMatchObject({ code: 0, document: { ...found, dryRun: false } });
    expect(await there()).toEqual(['"made of it"', '"made"']);
    expect(await selvage('gc', '--json')).toMatchObject({ code: 0, document: { unreferenced: nothing } });
    expect((await selvage('gc')).text).toContain('0 values (0 B) that no record names removed.');
  });

  test('with a TTL, what records name goes by its age, too', async () => {
    await fill();
    expect((await selvage('gc', '--ttl', '90d', '--json')).document).toMatchObject({ expired: { count: 0 } });
    expect((await selvage('gc', '--ttl', '2h', '--dry-run')).text).toMatch(
      /^2 values .* older than the TTL would be/m,
    );
    expect(await there()).toEqual(['"made of it"', '"made"']);
    expect((await selvage('gc', '--ttl', '2h', '--json')).document).toMatchObject({ expired: { count: 2 } });
    expect(await there()).toEqual([]);
    expect((await selvage('value', MADE.hash)).text).toMatch(/ValueMissing: .*removed \(`selvage gc`/s);
  });

  test.each(['--grace', '--ttl'])('%s of less than two hours is refused', async (option) => {
    await fill();
    expect(await selvage('gc', option, '119m')).toMatchObject({
      code: 2,
      text: expect.stringContaining('two hours'),
    });
    expect(await there()).toEqual(ALL);
  });

  test('what was put since a run began that is not over stays for its sake', async () => {
    await fill();
    await withOpenRun(async (open) => {
      const held = await selvage('gc', '--ttl', '2h', '--json');
      expect(held).toMatchObject({ document: { heldBy: { runId: open }, unreferenced: { count: 0 } } });
      expect(held.text).toContain(`Run ${open} is not over`);
      expect(await there()).toEqual(ALL);
    });
    expect((await selvage('gc', '--json')).document).not.toHaveProperty('heldBy');
    expect(await there()).toEqual(['"made of it"', '"made"']);
  });

  test('what others have open in the namespace holds nothing: no workflow of another team, no run of other backends', async () => {
    const runId = await fill();
    const backends = await openBackends({ projectDir: projectDir() });
    const place = { address: sharedServerAddress(), namespace: 'default', source: 'test' };
    const client = new Client({ connection });
    const { workflow } = client;
    const history = await backends.runHistory.identity();
    const sealed = { metadata: { encoding: Buffer.from('binary/of-their-own') }, data: Buffer.from('?') };
    const theirs = new Client({
      connection,
      dataConverter: {
        payloadCodecs: [{ encode: async (all) => all.map(() => sealed), decode: async (all) => all }],
      },
    });
    const memos: Record<string, { selvage: unknown } | undefined> = {
      foreign: undefined,
      elsewhere: { selvage: { backends: { history: 'another', store: 's', data: 'd' } } },
      childElsewhere: { selvage: { temporalRunId: 'of-nobody' } },
      nestedElsewhere: { selvage: { parentRunId: 'p', parentTemporalRunId: 'of-nobody' } },
      unbegun: { selvage: { backends: { history, store: 's', data: 'd' } } },
      resumed: { selvage: { resume: { runId, temporalRunId: 't' } } },
    };
    const open = (name: string): string => `${name}-${runId}`;
    const start = (name: string): object => ({
      workflowId: open(name),
      taskQueue: open(name),
      memo: memos[name],
    });
    const handles = await Promise.all([
      ...Object.keys(memos).map((name) => workflow.start('nobody', start(name) as never)),
      theirs.workflow.start('nobody', { ...start('elsewhere'), workflowId: open('sealed') } as never),
    ]);
    try {
      await until('the server lists them', async () => {
        const listed = await workflow.count(
          `ExecutionStatus = 'Running' and WorkflowId in ('${open('unbegun')}', '${open('resumed')}', '${open('sealed')}')`,
        );
        return listed.count === 3;
      });
      const { needed, oldest } = await openRuns({ client, backends, place });
      expect([...needed].sort()).toEqual([open('resumed'), runId, open('unbegun')].sort());
      expect([open('resumed'), open('unbegun')]).toContain(oldest?.runId);
      expect(
        (await unbegunRuns(workflow, backends, { limit: 10 }, false)).map(({ run_id }) => run_id),
      ).toContain(open('unbegun'));
    } finally {
      await Promise.all(handles.map((handle) => handle.terminate()));
      await backends.close();
    }
  });

  test('values within the grace stay', async () => {
    await fill();
    const backends = await openBackends({ projectDir: projectDir() });
    await backends.dataStore.put([sampleValue('"young"')]);
    await backends.close();
    expect(await selvage('gc', '--grace', '2h', '--json')).toMatchObject({
      document: { unreferenced: { count: 1 } },
    });
    expect(await there()).toEqual(['"made of it"', '"made"', sampleHash('"young"')]);
  });
});

describe('prune', () => {
  const isOnRecord = async (runId: string): Promise<boolean> => {
    const backends = await openBackends({ projectDir: projectDir() });
    const run = await backends.runHistory.getRun(runId);
    const { items } = await backends.runHistory.findLineage({ runId });
    await backends.close();
    expect(items).toHaveLength(run ? 2 : 0);
    return run !== undefined;
  };

  test('lists the old runs first, then removes them with their lineage and their values', async () => {
    const runId = await fill();
    const young = await selvage('prune', '--older-than', '73h', '--yes');
    expect(young).toMatchObject({
      code: 0,
      text: expect.stringMatching(/^No run that ended before .* is to go\.$/m),
    });
    const dry = await selvage('prune', '--older-than', '71h', '--dry-run');
    expect(dry.code).toBe(0);
    expect(dry.text).toMatch(
      /^1 run that ended before .*, with all lineage:\nTAPESTRY .*\nquickstart +1 +20/m,
    );
    expect(await isOnRecord(runId)).toBe(true);

    const { code, document, text } = await selvage('prune', '--older-than', '71h', '--yes', '--json');
    expect({ code, document }).toMatchObject({
      code: 0,
      document: {
        dryRun: false,
        complete: true,
        runs: 1,
        records: 2,
        retained: 0,
        tapestries: [{ tapestry: 'quickstart', runs: 1 }],
        garbage: { unreferenced: { count: 3 } },
      },
    });
    expect(text).toMatch(/^Removed 1 run and 2 lineage records\./m);
    expect(await isOnRecord(runId)).toBe(false);
    expect(await there()).toEqual([]);
    expect(await selvage('runs', 'show', runId)).toMatchObject({ code: 2 });
  });

  test('asks, and is refused where nobody can answer', async () => {
    const runId = await fill();
    const isTerminal = process.stdin.isTTY;
    process.stdin.isTTY = false;
    try {
      expect(await selvage('prune', '--older-than', '71h')).toMatchObject({
        code: 2,
        text: expect.stringMatching(/Remove 1 run for good\? Nobody is here to answer: add --yes/),
      });
    } finally {
      process.stdin.isTTY = isTerminal;
    }
    expect(await selvage('prune')).toMatchObject({ code: 2, text: expect.stringContaining('--older-than') });
    expect(await selvage('prune', '--older-than', '1h', '--yes')).toMatchObject({
      code: 2,
      text: expect.stringContaining('two hours'),
    });
    expect(await isOnRecord(runId)).toBe(true);
  });

  test('a run that is not over stays, and so does what it may still need', async () => {
    const runId = await fill();
    await withOpenRun(async (open) => {
      expect((await selvage('prune', '--older-than', '71h', '--yes', '--json')).document).toMatchObject({
        runs: 1,
        garbage: { heldBy: { runId: open }, unreferenced: { count: 0 } },
      });
      expect(await isOnRecord(runId)).toBe(false);
      expect(await there()).toEqual(ALL);
    });
  });

  test('a run stays that one goes on from which no worker has begun', async () => {
    const runId = await fill();
    const client = new Client({ connection });
    const workflowId = `resumed-${randomUUID()}`;
    const handle = await client.workflow.start('nobody', {
      workflowId,
      taskQueue: workflowId,
      memo: { selvage: { resume: { runId, temporalRunId: runId } } },
    });
    try {
      const { document, text } = await selvage('prune', '--older-than', '71h', '--yes', '--json');
      expect(document).toMatchObject({ runs: 0, retained: 1, retainedRuns: [runId] });
      expect(text).toContain(
        `1 run that ended as long ago stays, since runs that are not over, or ended later, need it: ${runId}`,
      );
      expect(await isOnRecord(runId)).toBe(true);
    } finally {
      await handle.terminate();
    }
  });
});
