import type { KnotState, Selvage } from '../../../client';
import { SelvageError } from '../../../errors';
import { projectFolder } from '../../../node/project-folder';
import { CAPSULE, JSON_DOCUMENT, SERVER, placeWords, type ServerOptions } from '../../options/server-options';
import { EXIT } from '../../output/exit-codes';
import type { Output } from '../../output/output';
import {
  PICTURES_OF_RUN,
  drawn,
  formatOf,
  givePicture,
  type PictureFormat,
  type PictureOptions,
} from '../../output/pictures';
import { verb } from '../../table/verb';

type RunsShowOptions = ServerOptions & PictureOptions;

export const addRunsShow = verb({
  name: 'show',
  description:
    'Shows the state of a run, and why it waits or how it ended. RUN/KNOT shows one knot, with the elements of a map in flight, or one element. Or draws the graph of a run.',
  arguments: { '<run-id>': '' },
  options: { ...PICTURES_OF_RUN, ...CAPSULE, ...JSON_DOCUMENT, ...SERVER },
  after:
    "\nExamples:\n  $ selvage runs show quickstart-1f2e3d4c5b6a\n  $ selvage runs show nightly-1f2e3d4c5b6a/users\n  $ selvage runs show 'nightly-1f2e3d4c5b6a/users[17]'\n" +
    '  $ selvage runs show nightly-1f2e3d4c5b6a --html run.html --open\n  $ selvage runs show nightly-1f2e3d4c5b6a --markdown',
  async work(runId: string, options: RunsShowOptions, output: Output) {
    const { withClientOrRecords } = await import('../../location/connect.js');
    const { requireHistory } = await import('../../location/records.js');
    const { describeKnots, recordsOf, showEnded } = await import('../../show/ended-run.js');
    const { findKnot, recordedKnot } = await import('../../show/knot-state.js');
    const { describeRun, describeUnfinished } = await import('../../show/run-state.js');
    const { warnOfNoWorker } = await import('../../work/pollers.js');
    requireHistory(options);
    const format = formatOf(options);
    if (format !== undefined) return await drawRun(runId, format, options, output);
    const show = async (selvage: Selvage): Promise<number> => {
      const { backends, projectDir, location: place } = selvage;
      const knot = await findKnot(backends, runId, (of, knotId) => selvage.getRun(of).knot(knotId));
      if (knot) return await tellKnot(knot, output, { server: place });
      const state = await selvage.getRun(runId).status();
      output.say(describeRun(state, output));
      if (state.run.status !== 'running' && state.run.details['recorded_elsewhere']) {
        output.say('Its records are in another run history.');
        return output.finish({ ...state, server: place });
      }
      if (state.run.status !== 'running')
        return await showEnded(state, { backends, projectDir, place }, options, output);
      output.say(describeUnfinished(state, placeWords(options), output));
      if (state.taskQueue !== undefined)
        await warnOfNoWorker(selvage, { runId, taskQueue: state.taskQueue }, options, output);
      return output.finish({ ...state, server: place });
    };
    return await withClientOrRecords(options, output, show, async (backends) => {
      const knot = await findKnot(backends, runId, (of, knotId) => recordedKnot(backends, of, knotId));
      if (knot) return await tellKnot(knot, output);
      const run = await backends.runHistory.getRun(runId);
      if (!run) throw unknownToHistory(runId);
      output.say(describeRun({ run }, output));
      const projectDir = projectFolder(options.projectDir);
      if (run.status !== 'running')
        return await showEnded({ run }, { backends, projectDir }, options, output);
      output.say(describeKnots(await recordsOf(backends, run), output));
      return output.finish({ run });
    });
  },
});

async function tellKnot(knot: KnotState, output: Output, document: object = {}): Promise<number> {
  const { describeKnotState } = await import('../../show/knot-state.js');
  output.say(describeKnotState(knot, output));
  return output.finish({ ...knot, ...document });
}

async function drawRun(
  runId: string,
  format: PictureFormat,
  options: RunsShowOptions,
  output: Output,
): Promise<number> {
  const { withRecords } = await import('../../location/records.js');
  const { readResult } = await import('../../../connection/read-run.js');
  return await withRecords(options, async (backends) => {
    const run = await backends.runHistory.getRun(runId);
    if (!run) throw unknownToHistory(runId);
    const result = await readResult(backends, run, 'none');
    const picture = await drawn(format, result.graph, result, {
      markdown: async () =>
        (await import('../../../visualisation/report.js')).reportOfRun(result.graph, result),
      html: async () => (await import('../../../explorer/html.js')).htmlForRun(result),
    });
    await givePicture(format, picture, options, output);
    return EXIT.ok;
  });
}

function unknownToHistory(run: string): SelvageError {
  return new SelvageError(
    'UnknownRun',
    `The run history does not know run "${run}". Where no worker has begun it, only the Temporal server knows of it, which is away.`,
    { details: { run } },
  );
}
