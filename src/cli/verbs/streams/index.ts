import type { Command } from 'commander';
import type { Does } from '../../options/does';
import { addStreamsMoves } from './moves';
import { addStreamsStatus } from './status';

export function addStreams(program: Command, does: Does): void {
  const streams = program
    .command('streams')
    .summary('how streams stand; pause, resume and drain them')
    .description('Shows how far streams are and what failed, and pauses, resumes and drains them.')
    .addHelpText('after', '\nExample:\n  $ selvage streams status');
  addStreamsStatus(streams, does);
  addStreamsMoves(streams, does);
}
