import type { Command } from 'commander';
import type { Does } from '../../options/does';
import { addEmittersDead } from './dead';
import { addEmittersMoves } from './moves';
import { addEmittersStatus } from './status';

export function addEmitters(program: Command, does: Does): void {
  const emitters = program
    .command('emitters')
    .summary('who hears of runs: how far they are, what failed')
    .description(
      'Shows how far emitters have heard of runs, has them hear again or not at all, and shows what they gave up. None of it asks a server, or touches a run.',
    )
    .addHelpText('after', '\nExample:\n  $ selvage emitters status');
  addEmittersStatus(emitters, does);
  addEmittersDead(emitters, does);
  addEmittersMoves(emitters, does);
}
