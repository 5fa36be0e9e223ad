import type { ActName, Acts } from '../../../src/explorer/contract';
import type { FixedProject } from './fixed-project';

type Ask<Name extends ActName> = Acts[Name]['ask'];
/** What it is about is made first. */
type Made<Name extends ActName> = (project: FixedProject) => Promise<Ask<Name>>;

/** What the page does by each act; the types are the contract's. */
export const HTTP_ACTS: { readonly [Name in ActName]: readonly (Ask<Name> | Made<Name>)[] } = {
  'runs.start': [
    { tapestry: 'orders', parameters: { x: 5 }, runId: 'page-started', tags: ['blue'] },
    { tapestry: 'orders', parameters: { x: 'much' } },
    { tapestry: 'nobody', parameters: {} },
  ],
  'runs.signal': [
    async (project) => ({
      runId: await project.start('asks', 'page-signalled'),
      signal: 'approve',
      payload: { by: 'ada' },
    }),
    async (project) => ({
      runId: await project.start('asks', 'page-unsigned'),
      signal: 'approve',
      payload: { by: 4 },
    }),
    { runId: 'nobody', signal: 'approve', payload: { by: 'ada' } },
  ],
  'runs.cancel': [
    async (project) => ({ runId: await project.start('asks', 'page-cancelled') }),
    { runId: 'done' },
    { runId: 'nobody' },
  ],
  'runs.terminate': [
    async (project) => ({ runId: await project.start('asks', 'page-terminated') }),
    { runId: 'nobody' },
  ],
  'runs.resume': [
    async (project) => {
      const runId = await project.run('breaks', 'page-broken', '--param', 'x=1');
      return { runId };
    },
    { runId: 'done', from: ['nobody'] },
    { runId: 'nobody' },
  ],
  'schedules.pause': [
    async (project) => {
      await project.does('schedules', 'deploy', 'pipeline.ts');
      return { schedule: 'yearly' };
    },
    { schedule: 'nobody' },
  ],
  'schedules.resume': [{ schedule: 'yearly' }],
  'schedules.trigger': [{ schedule: 'yearly' }],
  'schedules.delete': [{ schedule: 'yearly' }, { schedule: 'nobody' }],
  'partitions.backfill': [
    { tapestry: 'daily', to: 'a' },
    { tapestry: 'daily', from: 'z' },
    { tapestry: 'orders' },
  ],
  'events.prune': [{ olderThan: '3650d' }, { olderThan: '1m' }],
  'emitters.resume': [
    async (project) => {
      await project.does('emit', 'emitters.ts', '--until-caught-up');
      return { emitter: 'ends' };
    },
    { emitter: 'nobody' },
  ],
  'emitters.redrive': [{ emitter: 'ends' }],
  'emitters.replay': [
    { emitter: 'ends', from: 'beginning' },
    { emitter: 'ends', from: '99_99' },
  ],
  'emitters.skip': [{ emitter: 'ends', changes: 1 }],
  'emitters.discard': [{ emitter: 'ends' }],
  'emitters.remove': [{ emitter: 'ends' }, { emitter: 'nobody' }],
  'streams.pause': [{ stream: 'notes' }],
  'streams.resume': [{ stream: 'notes' }],
  'streams.drain': [{ stream: 'notes' }, { stream: 'nobody' }],
};
