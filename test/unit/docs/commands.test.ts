import type { Command } from 'commander';
import { PAGES, readFile } from '../../support/doc-snippets';
import { wholeProgram } from '../../support/whole-program';

let program: Command;
beforeAll(async () => (program = await wholeProgram()));

/** What a command of the package in a page's text or in its lines of shell does not have; undefined if it has all. */
function unknownIn(line: string): string | undefined {
  let command: Command = program;
  // With the brackets of a synopsis: `[--json]`, `[--status | --dry-run]`.
  for (const word of line.split(/[\s[\]|\\…]+/).slice(1)) {
    const [name = ''] = word.split('=');
    if (name.startsWith('--')) {
      const has = command.options.some(({ long }) => long === name) || name === '--help';
      if (!has && name !== '--version') return `${line}: ${name}`;
    } else if (command.commands.length > 0) {
      if (!/^[a-z]/.test(name)) continue;
      const next = command.commands.find((one) => one.name() === name);
      if (!next) return `${line}: ${name}`;
      command = next;
    }
  }
  return undefined;
}

/** Its code spans are names that there are no more. */
const OLD_NAMES = 'docs/internals/names.md';

test.each(PAGES.filter((page) => page !== OLD_NAMES))(
  'the commands that %s names exist, with their options',
  (page) => {
    const text = readFile(page);
    const named = [
      ...[...text.matchAll(/`(?:npx )?(selvage [^`\n]+)`/g)].map(([, line]) => line!),
      ...[...text.matchAll(/^\$ (?:npx )?(selvage .*)$/gm)].map(([, line]) => line!),
    ];
    expect(named.map(unknownIn).filter(Boolean)).toEqual([]);
  },
);
