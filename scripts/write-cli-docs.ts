/** Writes the generated parts of docs/cli.md and docs/cli: `npx tsx scripts/write-cli-docs.ts`. Their words are those of the verbs. */
import { readFileSync, writeFileSync } from 'node:fs';
import prettier from 'prettier';
import { cliPages, withGeneratedParts } from '../test/support/cli-docs';
import { wholeProgram } from '../test/support/whole-program';

async function main(): Promise<void> {
  const pages = cliPages((file) => readFileSync(file, 'utf8'));
  for (const [file, text] of withGeneratedParts(pages, await wholeProgram())) {
    const options = await prettier.resolveConfig(file);
    writeFileSync(file, await prettier.format(text, { ...options, parser: 'markdown' }));
  }
}

void main();
