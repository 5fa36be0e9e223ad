import type { Command } from 'commander';
import type { Does } from '../../options/does';
import { addJsonOption, addServerOptions, type ServerOptions } from '../../options/server-options';
import type { Output } from '../../output/output';

const MOVES = {
  pause: {
    what: 'Reads nothing more until it is resumed. What was read is finished.',
    told: 'is paused: what was read is finished. It reads on with: selvage streams resume',
  },
  resume: { what: 'Reads on.', told: 'reads on.' },
  drain: {
    what: 'Ends a stream: nothing more is read, and when what was read is finished, its processes end. Started again, it goes on from there.',
    told: 'is drained: it ends when what was read is finished. Started again, it goes on from there.',
  },
} as const;

type Move = keyof typeof MOVES;

export function addStreamsMoves(streams: Command, does: Does): void {
  for (const move of Object.keys(MOVES) as Move[]) {
    addServerOptions(
      addJsonOption(
        streams
          .command(move)
          .description(MOVES[move].what)
          .argument('<id>', 'id of the stream')
          .addHelpText('after', `\nExample:\n  $ selvage streams ${move} access-log`),
      ),
    ).action(does((id: string, options: ServerOptions, output: Output) => tell(move, id, options, output)));
  }
}

async function tell(move: Move, id: string, options: ServerOptions, output: Output): Promise<number> {
  const { actByClient } = await import('../../location/connect.js');
  return await actByClient(options, output, async (selvage) => {
    await selvage.streams[move](id);
    output.say(`Stream ${id} ${MOVES[move].told}${move === 'pause' ? ` ${id}` : ''}`);
    return { stream: id, told: move };
  });
}
