import path from 'node:path';
import Libsql from 'libsql';
import type { FixedProject } from './fixed-project';

/**
 * Fills the project with runs of every kind, one after another, so that their order is always the same; and with schedules, events, a stream
 * and an emitter.
 */
export async function fill(project: FixedProject): Promise<void> {
  await project.startWorker();
  await project.run('orders', 'good', '--param', 'x=5', '--tag', 'blue', '--tag', 'first');
  await project.run('orders', 'again', '--param', 'x=5', '--tag', 'blue');
  await project.run('orders', 'other', '--param', 'x=6', '--no-reuse');
  await project.run('breaks', 'broken', '--param', 'x=1');
  await project.run('words', 'spoken', '--param', 'words=["warp","","weft",""]');
  await project.run('nested', 'outer', '--param', 'x=7');
  await project.does('run', 'words.yaml', '--param', 'word=hello', '--run-id', 'shouted');
  await project.does('resume', 'broken', '--run-id', 'resumed').catch(() => undefined);
  await project.ended('resumed');

  await project.start('asks', 'cancelled');
  await project.does('runs', 'cancel', 'cancelled');
  await project.ended('cancelled');
  await project.start('asks', 'terminated');
  await project.does('runs', 'terminate', 'terminated', '--reason', 'it was wrong');
  await project.ended('terminated');
  await project.start('asks', 'bulky', '--tag', 'bulk');
  await project.does('bulk', 'cancel', '--tag', 'bulk', '--yes');
  await project.ended('bulky');

  await project.selvage(
    'backfill',
    'pipeline.ts',
    '--tapestry',
    'daily',
    '--to',
    'bad',
    '--run-id',
    'filled',
    '--concurrency',
    '1',
  );
  await project.ended('filled');
  const filled = (await project.backends.runHistory.getRun('filled'))!;
  const [listed] = await project.backends.runHistory.getRecords(filled.temporal_run_id, ['list']);
  project.normaliser.leaveOut(listed!.output_hash!);
  await project.does('schedules', 'deploy', 'pipeline.ts');
  await project.does('schedules', 'trigger', 'yearly');
  await project.does('stream', 'pipeline.ts', '--id', 'texts');
  await claimEvents(project);

  // Each waits before the next one begins, so that the order of what waits longest is always the same.
  await project.start('asks', 'asking');
  await project.shows(/waits for the signal/, 'runs', 'show', 'asking');
  await project.start('sleeps', 'sleeping');
  await project.shows(/waits until/, 'runs', 'show', 'sleeping');
  await project.start('queued', 'queueing');
  await project.shows(/no worker polls/, 'runs', 'show', 'queueing');
  await project.start('stuck', 'sticking');
  await project.shows(/does not answer/, 'runs', 'show', 'sticking');
  await project.does('emit', 'emitters.ts', '--until-caught-up');
  await project.does('capsule', 'create', 'good', '--out', 'good.capsule');
  await project.shows(/selvage\/orders/, 'workers');
}

/** In 2020. */
const OLD = 1_600_000_000_000;

/** Of one event of the webhook a run is on record, of the other none. */
async function claimEvents({ backends, folder }: FixedProject): Promise<void> {
  const { startLedger } = backends;
  const trigger = 'webhook:orders';
  const claim = (key: string, runId: string) => ({
    trigger,
    key,
    runId,
    requestHash: null,
    event: { delivery: key },
  });
  await startLedger.claim([claim('one', 'good')]);
  await startLedger.markStarted([{ trigger, key: 'one' }]);
  await startLedger.claim([claim('two', 'orders-two')]);
  // So long ago that whoever claimed it must have died.
  const db = new Libsql(path.join(folder, '.selvage', 'selvage.db'));
  db.prepare('update selvage_starts set claimed_at = ? where key = ?').run([OLD, 'two']);
  db.close();
}
