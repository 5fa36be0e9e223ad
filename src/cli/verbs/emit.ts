import { flag, type Chosen } from '../options/option';
import { PROJECT } from '../options/server-options';
import { EXIT } from '../output/exit-codes';
import type { Output } from '../output/output';
import { Interruption } from '../process/interruption';
import { verb } from '../table/verb';

const OPTIONS = {
  untilCaughtUp: flag('end when all that is on record was delivered, or an emitter fails'),
  ...PROJECT,
};

export const addEmit = verb({
  name: 'emit',
  summary: 'deliver to emitters, and do nothing else',
  description:
    'Delivers to the emitters of a file and of selvage.config.ts until it is told to stop, for runs of any process. It needs the run history, and no server.',
  arguments: { '[file]': 'file that exports emitters, or tapestries that have some' },
  options: OPTIONS,
  after:
    '\nExit codes: 0 stopped, or caught up; 1 not caught up, as an emitter fails or another process delivers.\n\nExamples:\n  $ selvage emit pipeline.ts\n  $ selvage emit --until-caught-up',
  async work(file: string | undefined, options: Chosen<typeof OPTIONS>, output: Output) {
    const end = new Interruption(output);
    try {
      const { chosenLogFormat } = await import('../../connection/log-line.js');
      const { Deliveries, gatherEmitters } = await import('../../deliveries/index.js');
      const { SelvageError } = await import('../../errors/index.js');
      const { projectFolder } = await import('../../node/project-folder.js');
      const { emittersOf } = await import('../files/emitters.js');
      const { loadFile } = await import('../files/load-file.js');
      const { loggerTo, sayInLogLines } = await import('../location/logging.js');
      const { withBackends } = await import('../location/records.js');
      const format = chosenLogFormat('text');
      const loaded = file === undefined ? undefined : await loadFile(file, { needs: 'nothing' });
      const projectDir = projectFolder(options.projectDir);
      const emitters = gatherEmitters(loaded?.tapestries ?? [], await emittersOf(loaded, options));
      if (emitters.length === 0)
        throw new SelvageError(
          'Usage',
          `Neither ${file ?? 'a file'} nor selvage.config.ts in ${projectDir} has an emitter. Export one: \`export const emitters = [logEmitter()]\`.`,
          { details: { file, projectDir } },
        );
      return await withBackends({ projectDir, openLate: true }, async (backends) => {
        const logger = loggerTo(output, { format, runs: true });
        const deliveries = await Deliveries.start({ backends, emitters, logger, projectDir });
        try {
          const names = emitters.map(({ name }) => name).join(', ');
          output.say(`Delivers to ${names}${options.untilCaughtUp ? '' : '. Ctrl-C stops it.'}`);
          if (!options.untilCaughtUp) {
            sayInLogLines(output, format);
            await end.asked;
            return EXIT.ok;
          }
          const behind = await end.orAsked(deliveries.drained(Number.POSITIVE_INFINITY));
          if (!behind) return end.exitCode;
          if (behind.length === 0) return EXIT.ok;
          output.warn(`${behind.join(', ')}: not caught up. See selvage emitters list`);
          return EXIT.runFailed;
        } finally {
          await deliveries.stop();
        }
      });
    } finally {
      end.stop();
    }
  },
});
