import { JSON_DOCUMENT, SERVER, placeWords, type ServerOptions } from '../options/server-options';
import { EXIT } from '../output/exit-codes';
import type { Output } from '../output/output';
import { hasResult } from '../process/early-end';
import { verb } from '../table/verb';

export const addWatch = verb({
  name: 'watch',
  summary: 'follow a run until it is over',
  description:
    'Follows a run until it is over: its knots as a tree with bars of when they ran. Elsewhere than in a terminal, a line for each knot; with --json, a line of JSON. Ctrl-C leaves the run.',
  arguments: { '<run-id>': '' },
  options: { ...JSON_DOCUMENT, ...SERVER },
  after: '\nExample:\n  $ selvage watch quickstart-1f2e3d4c5b6a',
  async work(runId: string, options: ServerOptions, output: Output) {
    const { withClient } = await import('../location/connect.js');
    const { requireHistory } = await import('../location/records.js');
    const { showEnded } = await import('../show/ended-run.js');
    const { Watch } = await import('../show/watch.js');
    const { warnOfNoWorker } = await import('../work/pollers.js');
    requireHistory(options);
    return await withClient(options, output, async (selvage) => {
      const handle = selvage.getRun(runId);
      const { run, taskQueue } = await handle.status();
      const isRunning = run.status === 'running';
      if (isRunning && taskQueue !== undefined)
        await warnOfNoWorker(selvage, { runId, taskQueue }, options, output);
      // A person sees a finished run as a whole.
      if (isRunning || output.json) {
        const watch = new Watch(selvage, runId, output, placeWords(options));
        try {
          if (isRunning) for await (const progress of handle.progress()) await watch.see(progress);
          await watch.catchUp();
        } finally {
          watch.stop();
        }
      }
      const ended = await handle.status();
      const { backends, projectDir, location: place } = selvage;
      const { status, started_at, finished_at } = ended.run;
      if (output.json) {
        const durationMs = finished_at === null ? null : finished_at - started_at;
        output.documentLine({ type: 'end', runId, status, durationMs });
      } else await showEnded(ended, { backends, projectDir, place }, options, output);
      return hasResult(status === 'succeeded' ? EXIT.ok : EXIT.runFailed);
    });
  },
});
