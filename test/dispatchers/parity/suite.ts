import { SelvageError, runLocally } from '../../../src';
import type { RunHandle, Selvage } from '../../../src/client';
import { canonicalResult } from '../../golden/canonical';
import { unique } from '../../support/open-selvage';
import { inTypeScript } from './bodies';
import { expectParity, runsOf, withRecords, type Facts } from './facts';
import { wideOn, type Parity, type Subject } from './tapestries';

/** So often at most a subject runs: a busy server gives up attempts that were not lost, and bodies know the number of their attempt. */
const TIMES = 3;

/**
 * The same tapestries on a host as in process, with bodies in TypeScript: equal outcomes, hashes and records.
 *
 * @param parity of the host; the client's worker has its tapestries
 * @param elements of the large map
 */
export function describeParity(selvage: () => Selvage, parity: () => Parity, elements: number): void {
  test('tapestries of every node and policy come to what they come to in process: outcomes, hashes, records', async () => {
    await expectParity(parity(), (subject) => factsOn(selvage(), subject));
  });

  test(`a map of ${elements} elements has the hash that it has in process, and a record of each`, async () => {
    const here = wideOn({ bodies: inTypeScript, placement: 'queue' });
    const { outputs, lineage } = await runLocally(here, { n: elements });
    const hashOf = (records: typeof lineage, knot: string): string | null =>
      records.find(({ knot_id: id }) => id === knot)!.output_hash;
    for (const { wide } of parity().placed) {
      const run = await selvage().start(wide, { n: elements }, { runId: unique('wide') });
      expect((await run.result()).outputs).toEqual(outputs);
      const records = await run.lineage();
      for (const knot of ['all', 'alone']) expect(hashOf(records, knot)).toBe(hashOf(lineage, knot));
      expect(records).toHaveLength(lineage.length);
    }
  });

  test('a cancelled run keeps what is done, and skips what runs and what is below', async () => {
    for (const { waiting } of parity().placed) {
      const run = await selvage().start(waiting, { n: 4 }, { runId: unique('cancelled') });
      for await (const { running } of run.progress({ interval: 20 })) if (running.length > 0) break;
      await run.cancel();
      const { status } = await run.result();
      const found = (await run.lineage()).map(({ knot_id: id, outcome, skip_reason: reason }) => [
        id,
        reason ?? outcome,
      ]);
      expect([status, Object.fromEntries(found)]).toEqual([
        'cancelled',
        {
          'param:n': 'ok',
          before: 'ok',
          waits: 'cancelled',
          'waits-too': 'cancelled',
          below: 'cancelled',
        },
      ]);
    }
  });
}

async function factsOn(selvage: Selvage, subject: Subject): Promise<Facts> {
  for (let time = 1; ; time++) {
    const facts = await factsOnce(selvage, subject);
    if (time === TIMES || !JSON.stringify(facts).includes('"WorkerLost"')) return facts;
  }
}

async function factsOnce(selvage: Selvage, subject: Subject): Promise<Facts> {
  const { tapestry, signals = {} } = subject;
  const prefix = `${unique('parity')}-`;
  const parameters = { ...subject.parameters, ...(subject.isReused && { salt: prefix }) };
  const runs = runsOf(subject).map((runId) => `${prefix}${runId}`);
  const facts: Record<string, unknown>[] = [];
  for (const runId of runs) {
    const run = await selvage.start(tapestry, parameters, { runId });
    for (const [name, payload] of Object.entries(signals)) await tell(run, name, payload);
    facts.push(canonicalResult(await run.result()));
  }
  return await withRecords(selvage.backends, runs, facts, prefix);
}

/** Where the knot that waits for it was skipped, the run may be over before it comes. */
async function tell(run: Pick<RunHandle, 'signal'>, name: string, payload: unknown): Promise<void> {
  await run.signal(name, payload).catch((error: unknown) => {
    const isLate = SelvageError.is(error) && ['RunOver', 'SignalTooLate'].includes(error.code);
    if (!isLate) throw error;
  });
}
