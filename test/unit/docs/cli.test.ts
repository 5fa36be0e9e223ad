import { readFile } from '../../support/doc-snippets';
import { PAGE, withGeneratedParts, WRITE } from '../../support/cli-docs';
import { wholeProgram } from '../../support/whole-program';

/** Without what aligns the columns of tables. */
const plain = (text: string): string => text.replace(/ +/g, ' ').replace(/-{3,}/g, '---');

test('the generated parts of the page about the command line are as the verbs are', async () => {
  const page = readFile(PAGE);
  const advice = `Where the change is meant, write the page anew: ${WRITE}`;
  const written = withGeneratedParts(page, await wholeProgram());
  expect(`${advice}\n${plain(written)}`).toBe(`${advice}\n${plain(page)}`);
});
