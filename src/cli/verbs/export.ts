import path from 'node:path';
import { SelvageError } from '../../errors';
import type { Callables } from '../../yaml';
import { flag, valued, type Chosen } from '../options/option';
import { JSON_DOCUMENT, STACKS } from '../options/server-options';
import type { Output } from '../output/output';
import { verb } from '../table/verb';

const OPTIONS = {
  yaml: flag('as YAML; there is nothing else yet'),
  tapestry: valued('<name>', 'which tapestry, if the file exports several'),
  ...STACKS,
  ...JSON_DOCUMENT,
};

export const addExport = verb({
  name: 'export',
  summary: 'write a tapestry as a document in YAML',
  description:
    'Writes a tapestry of a file, with its nested tapestries, as a document in YAML to stdout. The document names the file as its callables, and ' +
    'belongs beside it. Refuses, all at once, the parts that a document cannot have: functions written in place, constants that are no JSON, ' +
    'schemas that are no JSON Schema. Asks no server and writes no file.',
  arguments: { '<file>': 'file that exports the tapestry' },
  options: OPTIONS,
  after: `
Exit codes: 0 written, 2 usage, or a tapestry that YAML cannot say (NotExportable).

Examples:
  $ selvage export pipeline.ts --yaml > pipeline.yaml
  $ selvage export pipeline.ts --yaml --tapestry nightly`,
  async work(file: string, options: Chosen<typeof OPTIONS>, output: Output) {
    const { nodeSha256 } = await import('../../node/node-sha256.js');
    const [{ chooseTapestry, loadFile }, { isDocument }] = await Promise.all([
      import('../files/load-file.js'),
      import('../../user-modules/index.js'),
    ]);
    const { planOf } = await import('../../runtime/index.js');
    const { recordOf } = await import('../../authoring/index.js');
    const { isSchedule } = await import('../../triggers/schedule.js');
    const { loadModule } = await import('../../user-modules/index.js');
    const { loadPipeline, namedPython, yamlForTapestry } = await import('../../yaml/index.js');
    if (isDocument(file))
      throw new SelvageError(
        'Usage',
        `${file} is a document in YAML already. Name a file of TypeScript or JavaScript.`,
      );
    const loaded = await loadFile(file);
    const tapestry = chooseTapestry(loaded, options.tapestry);
    // The file was loaded before, so its exports come from the module cache.
    const callables = { ...((await loadModule(loaded.path)) as Callables) };
    const others = loaded.triggers.filter((trigger) => trigger.tapestry === tapestry && !isSchedule(trigger));
    const schedules = loaded.triggers.filter(isSchedule).filter((trigger) => trigger.tapestry === tapestry);
    const text = yamlForTapestry(tapestry, {
      callables,
      callablesFile: `./${path.basename(file)}`,
      schedules,
    });
    for (const { kind, id } of others)
      output.warn(
        `${output.yellow('warning')} The ${kind} "${id}" is not in the document: only schedules are. Keep it in the file, or write it under "triggers".`,
      );
    const again = loadPipeline(text, {
      callables: { ...namedPython(tapestry), ...callables },
      file: '<exported>',
    }).tapestry;
    const [before, after] = [tapestry, again].map((each) => planOf(recordOf(each), nodeSha256).hash);
    if (before !== after)
      output.warn(
        `${output.yellow('warning')} The document has another plan, since it has all paths of its branches. Runs that were started with the file cannot go on with it.`,
      );
    if (!output.json) output.raw(text);
    return output.finish({
      tapestry: tapestry.name,
      yaml: text,
      planHash: after,
      isSamePlan: before === after,
    });
  },
});
