import type { FixedProject } from './fixed-project';

type Input = Readonly<Record<string, unknown>>;

/** What each tool that writes is asked; what it is about is made first. */
export const MCP_ACTS: Readonly<
  Record<string, readonly (Input | ((project: FixedProject) => Promise<Input>))[]>
> = {
  runs_start: [
    { tapestry: 'orders', parameters: { x: 5 }, runId: 'tool-started', tags: ['blue'] },
    { tapestry: 'orders', parameters: { x: 'much' } },
    { tapestry: 'nobody', parameters: {} },
  ],
  runs_signal: [
    async (project) => ({
      runId: await project.start('asks', 'tool-signalled'),
      signal: 'approve',
      payload: { by: 'ada' },
    }),
    async (project) => ({
      runId: await project.start('asks', 'tool-unsigned'),
      signal: 'approve',
      payload: { by: 4 },
    }),
    { runId: 'nobody', signal: 'approve', payload: {} },
  ],
  runs_resume: [
    async (project) => ({ runId: await project.run('breaks', 'tool-broken', '--param', 'x=1') }),
    { runId: 'nobody' },
  ],
};
