import type { Command } from 'commander';
import { late } from '../late-imports';
import type { Output } from '../output';
import type { Answer } from '../program';
import { addCommonOptions, addJsonOption } from '../server-options';
import type { QuestionOptions } from './questions';

/** `selvage cache`: questions about what was reused; they ask the records, and no server. */
export function addCacheCommand(program: Command, output: Output, answer: Answer): void {
  const cache = program.command('cache').summary('whether and why a value was reused');
  const explain = cache
    .command('explain')
    .summary('why the value of a knot was reused, or why not')
    .description(
      'Says of one knot of a run whether its value was taken from an earlier one, and of which; or why not, and which part of the cache key ' +
        '(version, source of the body, an input) is another one than that of the nearest earlier knot.',
    )
    .argument('<run-id>')
    .argument('<knot-id>')
    .addHelpText('after', '\nExample:\n  $ selvage cache explain nightly-1f2e3d4c load');
  addCommonOptions(addJsonOption(explain)).action(
    async (run: string, knot: string, options: QuestionOptions) =>
      answer(await late.actions.cache().explain(run, knot, options, output)),
  );
}
