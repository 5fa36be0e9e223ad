import type { Command } from 'commander';
import { SelvageError } from '../../../errors';
import type { BodyDescription } from '../../../body-hosts';
import type { Does } from '../../options/does';
import { flag, required, valued, type Chosen } from '../../options/option';
import { JSON_DOCUMENT, STACKS, collect } from '../../options/server-options';
import { EXIT } from '../../output/exit-codes';
import { plural } from '../../output/format';
import type { Output } from '../../output/output';
import { verb } from '../../table/verb';

export function addPython(program: Command, does: Does): void {
  const python = program
    .command('python')
    .summary('write definitions for bodies in Python')
    .description('Does what bodies in Python need before a tapestry can place them.')
    .addHelpText('after', '\nExample:\n  $ selvage python types shop.models --out src/shop.ts');
  addPythonTypes(python, does);
}

const OPTIONS = {
  out: required('<file>', 'the file of TypeScript to write', { short: '-o' }),
  check: flag('write nothing, and tell whether the file is what would be written'),
  python: valued(
    '<interpreter>',
    'the interpreter (default: SELVAGE_PYTHON, else that of a virtual environment, else python3)',
  ),
  path: valued('<folder>', 'look for modules there, too; may be repeated', { read: collect }),
  ...STACKS,
  ...JSON_DOCUMENT,
};

type PythonTypesOptions = Chosen<typeof OPTIONS>;

const addPythonTypes = verb({
  name: 'types',
  description:
    'Asks Python for the bodies of modules, and writes a file of TypeScript with a definition for each. Types follow the type hints. ' +
    'A hash of the source lets a worker notice a body that was edited since. Needs the package json-schema-to-typescript.',
  arguments: { '<modules...>': 'modules of Python, such as shop.models' },
  options: OPTIONS,
  after: `
Exit codes: 0 written, or as it would be written; 1 with --check it is not; 2 usage, modules that cannot be loaded or have no bodies.

Examples:
  $ selvage python types shop.models --out src/shop.ts
  $ selvage python types shop.models shop.prices --out src/shop.ts --check`,
  async work(modules: readonly string[], options: PythonTypesOptions, output: Output) {
    const { out, check = false } = options;
    const [{ isWritten, writeTypes }, { shellLine }] = await Promise.all([
      import('../../python-types/write-types.js'),
      import('../../../values/shell-line.js'),
    ]);
    const before = await textOf(out);
    if (!check && before !== undefined && before.trim() !== '' && !isWritten(before))
      throw new SelvageError(
        'Usage',
        `${out} is there, and was not written by this command. Name another file, or remove it.`,
      );
    const bodies = await describe([...new Set(modules)].sort(), options, output);
    const words = [
      ...[...new Set(modules)].sort(),
      '--out',
      out,
      ...(options.path ?? []).flatMap((path) => ['--path', path]),
    ];
    const written = await writeTypes(bodies, `npx selvage python types ${shellLine(words)}`);
    const told = bodies.map(({ name, receives, isAsync }) => ({
      name,
      identifier: written.identifiers.get(name),
      receives,
      isAsync,
    }));
    if (check) {
      const { differencesOf } = await import('../../python-types/differences.js');
      const differences = differencesOf(before, written.text);
      if (differences.length === 0) output.say(`${out} is ${output.green('as it would be written')}.`);
      else {
        output.warn(`${output.red('error')} ${out} is not what would be written:`);
        for (const difference of differences) output.warn(`  ${difference}`);
        output.warn(`Write it: ${`selvage python types ${shellLine(words)}`}`);
      }
      const isCurrent = differences.length === 0;
      const document = { file: out, isCurrent, differences, bodies: told };
      return output.conclude(isCurrent ? EXIT.ok : EXIT.runFailed, document);
    }
    const { writeWhole } = await import('../../output/write-whole.js');
    if (before !== written.text) await writeWhole(out, written.text);
    output.say(
      `${out}: ${plural(bodies.length, 'body', 'bodies')} (${told.map(({ identifier }) => identifier).join(', ')})`,
    );
    return output.finish({ file: out, bodies: told });
  },
});

async function describe(
  modules: readonly string[],
  { python, path }: PythonTypesOptions,
  output: Output,
): Promise<readonly BodyDescription[]> {
  const { describePython } = await import('../../../body-hosts/index.js');
  const host = { ...(python !== undefined && { interpreter: python }), ...(path && { path }) };
  const bodies = await describePython(host, modules, (_host, line) => output.warn(line));
  const empty = modules.filter((module) => !bodies.some(({ name }) => name.startsWith(`${module}:`)));
  if (empty.length > 0)
    throw new SelvageError(
      'Usage',
      `${empty.join(' and ')} of Python ${empty.length === 1 ? 'has' : 'have'} no bodies. Write @knot (from selvage import knot) above the functions and classes that knots are to run.`,
    );
  return bodies;
}

async function textOf(file: string): Promise<string | undefined> {
  const { readFile } = await import('node:fs/promises');
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new SelvageError('FileNotLoadable', `${file} could not be read: ${(error as Error).message}.`, {
      cause: error,
    });
  }
}
