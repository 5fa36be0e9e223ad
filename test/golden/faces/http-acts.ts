import type { ActName, Acts } from '../../../src/explorer/contract';
import type { FixedProject } from './fixed-project';

type Ask<Name extends ActName> = Acts[Name]['ask'];
/** What it is about is made first. */
type Made<Name extends ActName> = (project: FixedProject) => Promise<Ask<Name>>;

/** What the page does by each act; the types are the contract's. */
export const HTTP_ACTS: { readonly [Name in ActName]: readonly (Ask<Name> | Made<Name>)[] } = {
  start: [
    { tapestry: 'orders', parameters: { x: 5 }, runId: 'page-started', tags: ['blue'] },
    { tapestry: 'orders', parameters: { x: 'much' } },
    { tapestry: 'nobody', parameters: {} },
  ],
  signal: [
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
  cancel: [
    async (project) => ({ runId: await project.start('asks', 'page-cancelled') }),
    { runId: 'done' },
    { runId: 'nobody' },
  ],
  terminate: [
    async (project) => ({ runId: await project.start('asks', 'page-terminated') }),
    { runId: 'nobody' },
  ],
  resume: [
    async (project) => {
      const runId = await project.run('breaks', 'page-broken', '--param', 'x=1');
      return { runId };
    },
    { runId: 'done', from: ['nobody'] },
    { runId: 'nobody' },
  ],
  schedule: [
    async (project) => {
      await project.does('schedules', 'deploy', 'pipeline.ts');
      return { id: 'yearly', action: 'pause' };
    },
    { id: 'yearly', action: 'resume' },
    { id: 'yearly', action: 'trigger' },
    { id: 'nobody', action: 'pause' },
  ],
  backfill: [{ tapestry: 'daily', to: 'a' }, { tapestry: 'daily', from: 'z' }, { tapestry: 'orders' }],
  emitter: [
    async (project) => {
      await project.does('emit', 'emitters.ts', '--until-caught-up');
      return { name: 'ends', action: 'resume' };
    },
    { name: 'ends', action: 'redrive' },
    { name: 'ends', action: 'replay' },
    { name: 'nobody', action: 'resume' },
  ],
  stream: [
    { id: 'notes', action: 'pause' },
    { id: 'notes', action: 'resume' },
    { id: 'nobody', action: 'drain' },
  ],
};
