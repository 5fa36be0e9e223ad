import { existsSync } from 'node:fs';
import type { Plan } from '../../plan';
import { SelvageError } from '../../errors';
import type { PlanOfTapestry } from '../../runtime';
import type { StaleReason } from '../../records/questions';
import { shortHash } from '../../records/questions/stale-reason-text';
import type { ReportedChanges } from '../../visualisation/report';
import { valued, type Chosen } from '../options/option';
import { JSON_DOCUMENT, PROJECT, commaSeparated } from '../options/server-options';
import { EXIT } from '../output/exit-codes';
import type { Output } from '../output/output';
import { PICTURES_OF_PLAN, drawn, formatOf, givePicture } from '../output/pictures';
import { verb } from '../table/verb';

const OPTIONS = {
  tapestry: valued('<name>', 'which tapestry, if the file exports several'),
  terminals: valued('<ids>', 'only what these need: names or knot ids, separated by commas', {
    read: commaSeparated,
  }),
  against: valued('<run or file>', 'what has changed since that run, or in comparison with that file'),
  ...PICTURES_OF_PLAN,
  ...PROJECT,
  ...JSON_DOCUMENT,
};

type PlanOptions = Chosen<typeof OPTIONS>;

export const addPlan = verb({
  name: 'plan',
  summary: 'how large a run of a tapestry can get, how it is laid out, and its graph',
  description:
    'Compiles a tapestry and shows the most that a run may ask of a Temporal server: events, bytes, pending activities. Also shows how the run is laid out ' +
    'to keep within limits. Or draws its graph, or reports what has changed in it. Asks no server.',
  arguments: { '<file>': 'file that exports the tapestry' },
  options: OPTIONS,
  after: `
Exit codes: 0 it fits, 2 usage, bad input, or a plan that no run can hold (PlanTooLarge).

Examples:
  $ selvage plan pipeline.ts
  $ selvage plan pipeline.ts --tapestry nightly --terminals report --json
  $ selvage plan pipeline.ts --svg graph.svg
  $ selvage plan pipeline.ts --open
  $ selvage plan pipeline.ts --markdown --against nightly-1f2e3d4c5b6a`,
  async work(file: string, options: PlanOptions, output: Output) {
    const { nodeSha256 } = await import('../../node/node-sha256.js');
    const { chooseTapestry, loadFile, warnOfUnused } = await import('../files/load-file.js');
    const { describe, describeChanges } = await import('../show/plan.js');
    const { budgetOf, graphOfPlan, layoutOf } = await import('../../plan/index.js');
    const { planOf } = await import('../../runtime/index.js');
    const { recordOf } = await import('../../authoring/index.js');
    const chosen = chooseTapestry(await loadFile(file), options.tapestry);
    const tapestry = recordOf(chosen);
    const plan = planOf(tapestry, nodeSha256);
    const layout = options.terminals ? layoutOf(plan.plan, options.terminals) : plan.loaded.layout;
    const budget = budgetOf(layout);
    warnOfUnused(tapestry, output);
    const changes =
      options.against === undefined ? undefined : await changesSince(options.against, plan, options);
    const format = formatOf(options);
    if (format !== undefined) {
      const graph = graphOfPlan(plan.plan, plan.hash);
      const picture = await drawn(format, graph, undefined, {
        markdown: async () => (await import('../../visualisation/report.js')).reportOfPlan(graph, changes),
        html: async () => (await import('../../explorer/html.js')).htmlForTapestry(chosen),
      });
      await givePicture(format, picture, options, output);
      return EXIT.ok;
    }
    const planBytes = Buffer.byteLength(plan.text);
    output.say(describe({ tapestry: tapestry.name, planHash: plan.hash, planBytes, budget }, output));
    if (changes) output.say(describeChanges(changes, output));
    return output.finish({ tapestry: tapestry.name, planHash: plan.hash, planBytes, ...budget, changes });
  },
});

/** Compares with an existing file, else with a run. */
async function changesSince(
  against: string,
  now: PlanOfTapestry,
  options: PlanOptions,
): Promise<ReportedChanges> {
  const { comparePlans } = await import('../../records/questions/index.js');
  const isFile = existsSync(against);
  const before = isFile ? await planOfFile(against, now) : await planOfRun(against, options);
  const { changed, ...others } = comparePlans(before, now.plan);
  return {
    since: isFile ? against : `run ${against}`,
    ...others,
    changed: changed.map(({ knotId, reasons }) => ({ knotId, what: reasons.map(changeText).join(', ') })),
  };
}

async function planOfFile(file: string, now: PlanOfTapestry): Promise<Plan> {
  const { nodeSha256 } = await import('../../node/node-sha256.js');
  const { chooseTapestry, loadFile } = await import('../files/load-file.js');
  const { planOf } = await import('../../runtime/index.js');
  const { recordOf } = await import('../../authoring/index.js');
  const loaded = await loadFile(file);
  const name = loaded.tapestries.length > 1 ? now.plan.tapestry : undefined;
  return planOf(recordOf(chooseTapestry(loaded, name)), nodeSha256).plan;
}

async function planOfRun(runId: string, options: PlanOptions): Promise<Plan> {
  const { withRecords } = await import('../location/records.js');
  const { readPlanOf } = await import('../../connection/read-run.js');
  let found: Plan | undefined;
  await withRecords(options, async (backends) => {
    const run = await backends.runHistory.getRun(runId);
    if (!run) {
      throw new SelvageError(
        'UnknownRun',
        `There is no file and no run "${runId}". Give --against a file, or a run that \`selvage runs list\` shows.`,
        { details: { run: runId } },
      );
    }
    found = (await readPlanOf(backends, run)).plan;
    return EXIT.ok;
  });
  return found!;
}

function changeText({ kind, part, before, now }: StaleReason): string {
  return kind === 'code' ? `code ${shortHash(before)} → ${shortHash(now)}` : (part ?? kind);
}
