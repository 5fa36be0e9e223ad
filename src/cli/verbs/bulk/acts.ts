import type { Command } from 'commander';
import { z } from 'zod';
import { RUN_STATUSES } from '../../../authoring/outcome';
import type { BulkAction } from '../../../client';
import { flagged, name, openRunFilters } from '../../../operations/fields';
import { signal } from '../../../operations/runs/signal';
import { terminate } from '../../../operations/runs/terminate';
import { decodeJson, encodeJson } from '../../../values';
import type { Does } from '../../options/does';
import { readJson } from '../../options/json-argument';
import { addAll } from '../../options/option';
import { JSON_DOCUMENT, SERVER, type ServerOptions } from '../../options/server-options';
import type { Output } from '../../output/output';
import { optionsOfFields, readFields, type Fields } from '../../table/verb-of-table';
import { CHOICE, EXIT_CODES, doInBulk } from './carry-out';

const ENDED = {
  status: z.enum(RUN_STATUSES).exclude(['running']).optional().describe('only of this status'),
  ...openRunFilters,
};

/** @param filters for runs that the act applies to */
function addAct<Shape extends z.ZodRawShape>(
  command: Command,
  does: Does,
  { shape, filters = openRunFilters }: { readonly shape: Shape; readonly filters?: typeof openRunFilters },
  actionOf: (fields: Fields<Shape>, ...places: (string | undefined)[]) => BulkAction | Promise<BulkAction>,
): void {
  const choice = { ...filters, ...CHOICE };
  const options = { ...optionsOfFields({ ...shape, ...choice }), ...JSON_DOCUMENT, ...SERVER };
  addAll(command, options).action(does(work));

  async function work(...given: [...unknown[], ServerOptions, Output]): Promise<number> {
    const [options, output] = given.slice(-2) as [ServerOptions, Output];
    const places = given.slice(0, -2) as (string | undefined)[];
    return await doInBulk(
      await actionOf(readFields(shape, options), ...places),
      readFields(choice, options),
      options,
      output,
    );
  }
}

const examples = (...lines: readonly string[]): string =>
  [
    `\n${EXIT_CODES}\n\nExample${lines.length > 1 ? 's' : ''}:`,
    ...lines.map((line) => `  $ selvage bulk ${line}`),
  ].join('\n');

export function addBulkActs(bulk: Command, does: Does): void {
  const cancelled = bulk
    .command('cancel')
    .description(
      'Asks unfinished runs to end: running bodies get their grace, the rest is skipped, and all is recorded.',
    )
    .addHelpText('after', examples('cancel --tapestry nightly --dry-run'));
  addAct(cancelled, does, { shape: {} }, () => ({ kind: 'cancel' }));

  const terminated = bulk
    .command('terminate')
    .description(
      'Ends unfinished runs at once: no code of them hears of it, knots without an outcome get none.',
    )
    .addHelpText('after', examples('terminate --tag trial --reason "wrong input" --yes'));
  const { reason } = terminate.ask.shape;
  addAct(terminated, does, { shape: { reason } }, (fields) => ({ kind: 'terminate', ...fields }));

  const resumed = bulk
    .command('resume')
    .description(
      'Resumes finished runs, each by a new run that takes over every Ok outcome. Workers must have the tapestries. ' +
        'Without --status: failed, cancelled and terminated runs. Runs that were resumed before are left out.',
    )
    .addHelpText(
      'after',
      examples('resume --status failed --since 2h --dry-run', 'resume --status failed --since 2h --yes'),
    );
  const shape = {
    from: flagged(z.array(name), { placeholder: 'ids', isByComma: true })
      .optional()
      .describe('knots to run again with all below them'),
    allowDuplicate: z
      .boolean()
      .optional()
      .describe('also those that were resumed before, as far as that one is over'),
    noReuse: z.boolean().optional().describe('take over only what the runs themselves have made'),
    taskQueue: name.optional().describe('task queue of the new runs (default: that of their tapestry)'),
  };
  addAct(resumed, does, { shape, filters: ENDED }, ({ noReuse, ...fields }) => ({
    kind: 'resume',
    ...fields,
    ...(noReuse && { reuse: false }),
  }));

  const signalled = bulk
    .command('signal')
    .description('Sends unfinished runs a signal, each once, however often this is continued.')
    .argument('<name>', 'name of the signal')
    .argument('[json]', 'payload as JSON; - reads it from the standard input (default: null)')
    .addHelpText('after', examples(`signal approve '{"by":"ada"}' --tapestry monthly --yes`));
  const { allowReferences, timeout } = signal.ask.shape;
  addAct(signalled, does, { shape: { allowReferences, timeout } }, async (fields, called, given = 'null') => {
    const json = await readJson('payload', given);
    const payload = encodeJson(decodeJson(json, { allowReferences: fields.allowReferences ?? false }));
    return { kind: 'signal', name: called!, payload, ...fields };
  });
}
