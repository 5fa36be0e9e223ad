import { readFile } from '../../support/doc-snippets';
import { cliPages, withGeneratedParts, WRITE } from '../../support/cli-docs';
import { wholeProgram } from '../../support/whole-program';

/** Without what aligns the columns of tables. */
const plain = (text: string): string => text.replace(/ +/g, ' ').replace(/-{3,}/g, '---');

test('the generated parts of the pages about the command line are as the verbs are', async () => {
  const pages = cliPages(readFile);
  const advice = `Where the change is meant, write the pages anew: ${WRITE}`;
  for (const [file, text] of withGeneratedParts(pages, await wholeProgram()))
    expect(`${advice}\n${file}\n${plain(text)}`).toBe(`${advice}\n${file}\n${plain(pages.get(file)!)}`);
});
