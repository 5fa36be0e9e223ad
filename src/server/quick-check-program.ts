/** Program: reports whether the pages of a database file, its argument, are intact. */
import { findDamage } from './find-damage';
import { writeNow } from '../node/terminal';

writeNow(1, `quick check: ${findDamage(process.argv[2]!) ?? 'ok'}\n`);
