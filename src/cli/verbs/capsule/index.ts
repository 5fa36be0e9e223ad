import type { Command } from 'commander';
import type { Does } from '../../options/does';
import { addCapsuleCreate } from './create';
import { addCapsuleOpen } from './open';

export function addCapsule(program: Command, does: Does): void {
  const capsule = program
    .command('capsule')
    .summary('put a run into one file, and open such a file')
    .description('Puts a run, with its records and values, into one file; and opens such a file as a page.')
    .addHelpText('after', '\nExample:\n  $ selvage capsule create nightly-1f2e3d4c5b6a');
  addCapsuleCreate(capsule, does);
  addCapsuleOpen(capsule, does);
}
