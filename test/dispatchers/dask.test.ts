import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { dask, pythonKnot, runLocally, tapestry, type Knot } from '../../src';
import { closedPort } from '../support/listening';
import { selvageForAll } from '../support/open-selvage';
import { clusterPython, describeWithClusters, PYTHON_BODIES } from '../support/python-environment';
import { startPython, type PythonProgram } from '../support/python-program';
import { refusal } from '../support/refusal';
import { describeKills } from './kills';
import { inPython } from './parity/bodies';
import { describeParity } from './parity/suite';
import { CLUSTER_ELEMENTS, parityOn, type Parity } from './parity/tapestries';
import { begun, describeCluster, lonely, processOf, tapestriesOn, type ClusterTapestries } from './suite';

const CHAIN = 1_000;

describeWithClusters()('dask()', () => {
  const python = (): { interpreter: string; path: string[] } => ({
    interpreter: clusterPython(),
    path: [PYTHON_BODIES],
  });

  describe('a scheduler with two workers', () => {
    const programs: PythonProgram[] = [];
    let scheduler: string;
    let tapestries: ClusterTapestries;
    let parity: Parity;
    const startWorker = async (): Promise<void> => {
      const args = ['--nthreads', '1', '--no-dashboard', '--host', '127.0.0.1'];
      programs.push(
        await startPython(['-m', 'distributed.cli.dask_worker', scheduler, ...args], /Registered to:/),
      );
    };

    const selvage = selvageForAll(async () => {
      const args = ['--host', '127.0.0.1', '--port', '0', '--no-dashboard'];
      const program = await startPython(
        ['-m', 'distributed.cli.dask_scheduler', ...args],
        /Scheduler at: +tcp:\S+/,
      );
      programs.push(program);
      scheduler = /Scheduler at: +(tcp:\S+)/.exec(program.said())![1]!;
      await Promise.all([startWorker(), startWorker()]);
      const host = dask({ ...python(), scheduler });
      tapestries = tapestriesOn(host);
      parity = parityOn(inPython, { host });
      return { tapestries: [...Object.values(tapestries), ...parity.tapestries] };
    });
    afterAll(() => Promise.all(programs.reverse().map(({ kill }) => kill())));

    describeCluster(selvage, () => tapestries);
    describeParity(selvage, () => parity, CLUSTER_ELEMENTS);
    describeKills('dask', () => ({ ...python(), scheduler }));

    test('a chain of a thousand', async () => {
      const add = pythonKnot<{ a: number; b: number }, number>('twins:add');
      const chain = tapestry('chain', { knots: { dispatcher: dask({ ...python(), scheduler }) } }, () => {
        let last: Knot<number> = add({ a: 0, b: 1 }, { id: 'knot-1' });
        for (let n = 2; n <= CHAIN; n++) last = add({ a: last, b: 1 }, { id: `knot-${n}` });
        return { last };
      });
      expect((await runLocally(chain, {})).values).toEqual({ last: CHAIN });
    });

    test('what a body prints and logs goes to the log of its knot', async () => {
      const lines: unknown[] = [];
      const log = (fields: object, message: string): void => void lines.push([message, fields]);
      const talks = tapestry('talks', { knots: { dispatcher: dask({ ...python(), scheduler }) } }, () => ({
        talks: pythonKnot<object, string>('cluster_bodies:talks')({}, { id: 'talks' }),
      }));
      const logger = { debug: log, info: log, warn: log, error: log };
      expect((await runLocally(talks, {}, { logger })).values).toEqual({ talks: 'done' });
      expect(lines).toEqual(
        expect.arrayContaining([
          ['printed', expect.anything()],
          ['logged', expect.objectContaining({ left: 3 })],
        ]),
      );
    });
  });

  test('a cluster that is started beside the worker, and loses a worker', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'selvage-dask-'));
    try {
      const { killed } = tapestriesOn(dask({ ...python(), local: { workers: 2 } }));
      const run = runLocally(killed, { folder });
      process.kill(await processOf(folder, 'dies'), 'SIGKILL');
      expect((await run).values).toEqual({ after: 1 });
      expect(['before', 'dies', 'after'].map((name) => begun(folder, name))).toEqual([1, 2, 1]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test('a scheduler that is not there is named', async () => {
    const scheduler = `tcp://127.0.0.1:${await closedPort()}`;
    await expect(runLocally(lonely(dask({ ...python(), scheduler })), {})).rejects.toMatchObject(
      refusal('HostNotUsable', scheduler),
    );
  });

  test('without Dask it is said what to install', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'selvage-dask-'));
    try {
      await writeFile(path.join(folder, 'distributed.py'), 'raise ModuleNotFoundError("none here")\n');
      const dispatcher = dask({ ...python(), path: [folder, PYTHON_BODIES], local: true });
      await expect(runLocally(lonely(dispatcher), {})).rejects.toMatchObject(
        refusal('HostNotUsable', 'pip install "dask[distributed]"'),
      );
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
