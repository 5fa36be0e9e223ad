/** Writes llms.txt, the list of all pages of the documentation for machines: `npx tsx scripts/write-llms.ts`. */
import { writeFileSync } from 'node:fs';
import { llmsText } from '../test/support/llms-text';

writeFileSync('llms.txt', llmsText());
