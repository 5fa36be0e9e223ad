import { SelvageError } from '../../errors';
import type { PipelineProblem } from '../../yaml';
import { JSON_DOCUMENT, STACKS } from '../options/server-options';
import { EXIT } from '../output/exit-codes';
import { plural } from '../output/format';
import type { Output } from '../output/output';
import { verb } from '../table/verb';

const OPTIONS = {
  ...STACKS,
  ...JSON_DOCUMENT,
};

export const addValidate = verb({
  name: 'validate',
  summary: 'whether files can be run',
  description:
    'Loads files of TypeScript, JavaScript or YAML, makes the plans of their tapestries, and tells all that is wrong with them, each with its place where ' +
    'that is known. Runs no body, asks no server and writes nothing.',
  arguments: { '<files...>': 'files that export tapestries, or documents in YAML' },
  options: OPTIONS,
  after: `
Exit codes: 0 nothing is wrong with them (there may be warnings), 2 something is, or usage.

Examples:
  $ selvage validate pipeline.yaml
  $ selvage validate pipelines/*.yaml pipeline.ts --json`,
  async work(files: readonly string[], _options: object, output: Output) {
    const all: Validated[] = [];
    for (const file of files) {
      const found = await validated(file);
      all.push(found);
      tell(found, output);
    }
    const isOk = all.every(({ problems }) => problems.every(({ severity }) => severity === 'warning'));
    if (output.json) output.document({ ok: isOk, files: all.map(({ text: _text, ...found }) => found) });
    return isOk ? EXIT.ok : EXIT.usage;
  },
});

interface FoundProblem extends Partial<PipelineProblem> {
  readonly severity: 'error' | 'warning';
  readonly code: PipelineProblem['code'];
  readonly message: string;
}

interface Validated {
  readonly file: string;
  readonly tapestries: readonly string[];
  readonly triggers: number;
  readonly problems: readonly FoundProblem[];
  /** Number of further problems. */
  readonly more: number;
  /** For a YAML document: the compiler's text with all problems. */
  readonly text?: string;
}

async function validated(file: string): Promise<Validated> {
  const [{ loadFile }, { isDocument }] = await Promise.all([
    import('../files/load-file.js'),
    import('../../user-modules/index.js'),
  ]);
  const { check } = await import('../../in-process/check.js');
  try {
    const { tapestries, triggers, warnings, moreWarnings: more } = await loadFile(file, { needs: 'any' });
    const problems = isDocument(file)
      ? warnings.map((warning) => ({ severity: 'warning' as const, ...warning }))
      : tapestries.flatMap((tapestry) => check(tapestry)).map((problem) => ({ ...problem, file }));
    return {
      file,
      tapestries: tapestries.map(({ name }) => name),
      triggers: triggers.length,
      problems,
      more,
    };
  } catch (error) {
    if (!SelvageError.is(error)) throw error;
    return { file, tapestries: [], triggers: 0, ...problemsOf(file, error) };
  }
}

function problemsOf(
  file: string,
  { code, message, details }: SelvageError,
): Pick<Validated, 'problems' | 'more' | 'text'> {
  if (code === 'InvalidPipeline') {
    const problems = (details['problems'] as PipelineProblem[]).map((problem) => ({
      severity: 'error' as const,
      ...problem,
    }));
    return { problems, more: details['more'] as number, text: message };
  }
  const { at } = details;
  const [, line, column] = typeof at === 'string' ? (/:(\d+)(?::(\d+))?$/.exec(at) ?? []) : [];
  return {
    more: 0,
    problems: [
      {
        severity: 'error',
        code,
        message,
        file,
        ...(line !== undefined && { line: Number(line) }),
        ...(column !== undefined && { column: Number(column) }),
      },
    ],
  };
}

function tell({ file, tapestries, triggers, problems, more, text }: Validated, output: Output): void {
  const errors = problems.filter(({ severity }) => severity === 'error');
  for (const { severity, code, message, line, column } of problems) {
    if (severity === 'error' && text !== undefined) continue;
    const where = line === undefined ? file : `${file}:${line}${column === undefined ? '' : `:${column}`}`;
    const word = severity === 'error' ? output.red('error') : output.yellow('warning');
    output.warn(`${where}: ${word} ${code}: ${message}`);
  }
  if (text !== undefined) output.warn(text);
  else if (more > 0) output.warn(`${file}: … and ${more} more ${output.yellow('warnings')}`);
  if (errors.length > 0) return;
  const what = [
    `${plural(tapestries.length, 'tapestry', 'tapestries')}${tapestries.length > 0 ? ` (${tapestries.join(', ')})` : ''}`,
    ...(triggers > 0 ? [plural(triggers, 'trigger')] : []),
  ];
  output.say(`${file} is ${output.green('ok')}: ${what.join(', ')}`);
}
