/** Program: says of the database file that is its argument whether its pages are in order. */
import { findDamage } from '../../server';

process.stdout.write(`quick check: ${findDamage(process.argv[2]!) ?? 'ok'}\n`);
