import type { Command } from 'commander';
import type { Does } from '../../options/does';
import { addDeadLetters } from './dead-letters';
import { addEmittersMoves } from './moves';
import { addEmittersStatus } from './status';

export function addEmitters(program: Command, does: Does): void {
  const emitters = program
    .command('emitters')
    .summary('emitters: lag, failures, dead letters')
    .description(
      'Shows how far emitters have heard of runs, has them hear again or not at all, and shows what they gave up. None of it asks a server, or touches a run.',
    )
    .addHelpText('after', '\nExample:\n  $ selvage emitters status');
  addEmittersStatus(emitters, does);
  addDeadLetters(emitters, does);
  addEmittersMoves(emitters, does);
}
