/** Writes the generated parts of docs/cli.md: `npx tsx scripts/write-cli-docs.ts`. Their words are those of the operations and verbs. */
import { readFileSync, writeFileSync } from 'node:fs';
import prettier from 'prettier';
import { PAGE, withGeneratedParts } from '../test/support/cli-docs';
import { wholeProgram } from '../test/support/whole-program';

async function main(): Promise<void> {
  const program = await wholeProgram();
  const text = withGeneratedParts(readFileSync(PAGE, 'utf8'), program);
  const options = await prettier.resolveConfig(PAGE);
  writeFileSync(PAGE, await prettier.format(text, { ...options, parser: 'markdown' }));
}

void main();
