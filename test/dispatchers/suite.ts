import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';

import { knot, pythonKnot, tapestry } from '../../src';
import type { Selvage } from '../../src/client';
import type { HostDispatcher } from '../../src';
import { temporaryFolder, unique } from '../support/open-selvage';
import { recordsAndValues } from '../support/recorded-once';
import { until } from '../support/until';

/* What every cluster has to do beside the parity suite, and the tapestries for it. */

/** As Temporal numbers the states of an activity. */
const STARTED = 2;

const double = pythonKnot<{ x: number }, number>('twins:double', { version: '1' });
const size = pythonKnot<{ data: Uint8Array; x: number }, number>('cluster_bodies:size');
const counts = pythonKnot<{ x: number; folder: string; name: string }, number>('cluster_bodies:counts');
const diesOnce = pythonKnot<{ x: number; folder: string }, number>('cluster_bodies:dies_once');
const waits = pythonKnot<{ folder: string }, string>('cluster_bodies:waits');
const goesOn = pythonKnot<{ folder: string }, string>('cluster_bodies:goes_on');
const zeros = knot('zeros', ({ length }: { length: number }) => new Uint8Array(length));

export function tapestriesOn(dispatcher: HostDispatcher) {
  const options = { knots: { dispatcher } };
  return {
    quick: lonely(dispatcher),
    killed: tapestry('killed', options, (t) => {
      const folder = t.parameter('folder', z.string());
      const before = counts({ x: 1, folder, name: 'before' }, { id: 'before' });
      const died = diesOnce({ x: before, folder }, { id: 'died' });
      return { after: counts({ x: died, folder, name: 'after' }, { id: 'after' }) };
    }),
    cancelled: tapestry('cancelled', options, (t) => ({
      waits: waits({ folder: t.parameter('folder', z.string()) }, { id: 'waits' }),
    })),
    deaf: tapestry('deaf', options, (t) => ({
      goesOn: goesOn({ folder: t.parameter('folder', z.string()) }, { id: 'goes-on', cancelGrace: 500 }),
    })),
    large: tapestry('large', options, (t) => {
      const data = zeros({ length: t.parameter('length', z.number()) }, { id: 'data' });
      return {
        one: size({ data, x: 1 }, { id: 'one' }),
        two: size({ data, x: 2 }, { id: 'two' }),
        three: size({ data, x: 3 }, { id: 'three' }),
      };
    }),
  };
}

export type ClusterTapestries = ReturnType<typeof tapestriesOn>;

/** How often a body has begun, by the files that it left. */
export function begun(folder: string, name: string): number {
  return readdirSync(folder).filter((file) => file.startsWith(`${name}.`)).length;
}

/** The process that a body runs in, once it has begun. */
export async function processOf(folder: string, name: string, start = 1): Promise<number> {
  const file = path.join(folder, `${name}.${start}`);
  await until(`start ${start} of ${name} has begun`, () => existsSync(file));
  return Number(readFileSync(file, 'utf8'));
}

/** A tapestry of one body, for hosts that cannot be used. */
export function lonely(dispatcher: HostDispatcher) {
  return tapestry('lonely', { knots: { dispatcher } }, () => ({
    two: double({ x: 1 }, { id: 'two' }),
  }));
}

/** A run whose second knot is killed by `kill` while its body runs: it runs again, and nothing else does. */
export async function expectLostWorker(
  selvage: Selvage,
  { killed }: Pick<ClusterTapestries, 'killed'>,
  kill: (pid: number) => Promise<void> | void,
): Promise<void> {
  const folder = await temporaryFolder();
  const run = await selvage.start(killed, { folder }, { runId: unique('killed') });
  await kill(await processOf(folder, 'dies'));
  expect((await run.result()).values).toEqual({ after: 1 });
  expect(['before', 'dies', 'after'].map((name) => begun(folder, name))).toEqual([1, 2, 1]);
  const records = await recordsAndValues(selvage.backends, run.runId);
  expect(records.get('died')).toMatchObject({ outcome: 'ok', attempt: 2 });
}

/** What is the same for all clusters. The client's worker has {@link tapestriesOn} the cluster. */
export function describeCluster(selvage: () => Selvage, tapestries: () => ClusterTapestries): void {
  test('a process of the cluster that is killed is a lost worker of its knot alone', async () => {
    await expectLostWorker(selvage(), tapestries(), (pid) => void process.kill(pid, 'SIGKILL'));
  });

  test('a cancel reaches the body', async () => {
    const folder = await temporaryFolder();
    const run = await selvage().start(tapestries().cancelled, { folder }, { runId: unique('cancelled') });
    await processOf(folder, 'waits');
    await run.cancel();
    expect((await run.result()).outcomes['waits']).toEqual({ kind: 'skipped', reason: 'cancelled' });
    expect(existsSync(path.join(folder, 'cancelled'))).toBe(true);
  });

  test('a cancel of a body that waits for room in the cluster keeps it from beginning', async () => {
    const start = async (folder: string) =>
      await selvage().start(tapestries().cancelled, { folder }, { runId: unique('waiting') });
    const [first, second, third] = [
      await temporaryFolder(),
      await temporaryFolder(),
      await temporaryFolder(),
    ];
    const running = await Promise.all([start(first), start(second)]);
    await Promise.all([processOf(first, 'waits'), processOf(second, 'waits')]);
    const waiting = await start(third);
    await until('a worker has taken it', async () => {
      const { raw } = await selvage().client.workflow.getHandle(waiting.runId).describe();
      return raw.pendingActivities?.some(({ state }) => state === STARTED);
    });
    await waiting.cancel();
    expect((await waiting.result()).outcomes['waits']).toEqual({ kind: 'skipped', reason: 'cancelled' });
    await Promise.all(running.map((run) => run.cancel()));
    await Promise.all(running.map((run) => run.result()));
    expect(begun(third, 'waits')).toBe(0);
  });

  test('a body that goes on after its grace is given up, and others are not', async () => {
    const folder = await temporaryFolder();
    const other = await temporaryFolder();
    const waiting = await selvage().start(tapestries().killed, { folder: other }, { runId: unique('other') });
    await processOf(other, 'dies');
    const run = await selvage().start(tapestries().deaf, { folder }, { runId: unique('deaf') });
    await processOf(folder, 'goes_on');
    await run.cancel();
    expect((await run.result()).outcomes['goes-on']).toEqual({ kind: 'skipped', reason: 'cancelled' });
    // Had it been given up with its host, so would have been the other, which then would have begun again by now.
    await (await selvage().start(tapestries().quick, {}, { runId: unique('quick') })).result();
    expect(begun(other, 'dies')).toBe(1);
    process.kill(await processOf(other, 'dies'), 'SIGKILL');
    expect((await waiting.result()).values).toEqual({ after: 1 });
    expect(begun(other, 'dies')).toBe(2);
  });

  test('large inputs travel beside their tasks', async () => {
    const length = 9_000_000;
    const run = await selvage().start(tapestries().large, { length }, { runId: unique('large') });
    expect((await run.result()).values).toEqual({ one: length + 1, two: length + 2, three: length + 3 });
  });
}
