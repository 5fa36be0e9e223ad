import type { Command } from 'commander';
import type { Selvage } from '../../../client';
import type { StreamState } from '../../../client/streams';
import type { LedgerEntry, RunRecord } from '../../../ports';
import type { Does } from '../../options/does';
import { addJsonOption, addServerOptions, type ServerOptions } from '../../options/server-options';
import { EXIT } from '../../output/exit-codes';
import { formatTable, formatTime } from '../../output/format';
import type { Output } from '../../output/output';

/** Dead letters that are shown of one stream. */
const SHOWN = 20;
/** Entries of the ledger that are looked through for elements without a run. */
const LOOKED_THROUGH = 1_000;

export function addStreamsStatus(streams: Command, does: Does): void {
  addServerOptions(
    addJsonOption(
      streams
        .command('status')
        .description(
          'Lists the streams that the server knows: who reads, how fast, how far behind. With an id, also its checkpoint and newest dead letters.',
        )
        .argument('[id]', 'id of a stream')
        .addHelpText(
          'after',
          '\nExamples:\n  $ selvage streams status\n  $ selvage streams status access-log --json | jq .lag',
        ),
    ),
  ).action(does(showStatus));
}

async function showStatus(id: string | undefined, options: ServerOptions, output: Output): Promise<number> {
  const { withClient } = await import('../../location/connect.js');
  return await withClient(options, output, async (selvage) => {
    if (id === undefined) {
      const streams = await selvage.streams.list();
      if (output.json) output.document({ streams });
      else output.say(describeAll(streams));
      return EXIT.ok;
    }
    const state = await selvage.streams.status(id);
    const dead = await deadLetters(selvage, id);
    if (output.json) output.document({ ...state, deadLetters: dead });
    else output.say([describeAll([state]), ...describeOne(state, dead)].join('\n'));
    return EXIT.ok;
  });
}

interface ShownLetter {
  readonly element: string;
  readonly run?: string;
  readonly why?: string;
}

/** The newest elements whose run failed, and those that could not start one. */
async function deadLetters({ backends }: Selvage, id: string): Promise<ShownLetter[]> {
  const trigger = `stream:${id}`;
  const failed = await backends.runHistory.listRuns({ trigger, status: 'failed', limit: SHOWN });
  const refused: LedgerEntry[] = [];
  const { items } = await backends.startLedger.list({ trigger, limit: LOOKED_THROUGH });
  for (const entry of items) if (entry.event['refused'] !== undefined) refused.push(entry);
  return [
    ...failed.items.map(({ run_id: run, trigger_key: element }: RunRecord) => ({
      element: element ?? '',
      run,
    })),
    ...refused
      .slice(0, SHOWN)
      .map(({ key, event }) => ({ element: key, why: `${event['refused']}: ${event['why'] ?? ''}` })),
  ];
}

function describeAll(streams: readonly StreamState[]): string {
  if (streams.length === 0) return 'There is no stream. One begins with: selvage stream FILE';
  const rows = streams.map((stream) => [
    stream.id,
    stream.state,
    stream.tapestry,
    String(stream.ok),
    stream.dead === 0 ? '' : String(stream.dead),
    stream.rate === undefined ? '' : `${stream.rate.toFixed(1)}/s`,
    stream.lag === undefined ? '' : `${stream.lag.amount} ${stream.lag.unit}`,
    stream.inFlight === undefined ? '' : `${stream.inFlight} of ${stream.window}`,
    stream.worker ?? '',
  ]);
  const troubles = streams.flatMap(({ id, trouble, state }) => {
    if (trouble !== undefined) return [`${id}: ${trouble}`];
    return state === 'waiting' ? [`${id}: no process reads it. Start one: selvage stream FILE`] : [];
  });
  const table = formatTable(
    ['STREAM', 'STATE', 'TAPESTRY', 'DONE', 'DEAD', 'RATE', 'BEHIND', 'IN FLIGHT', 'READ BY'],
    rows,
  );
  return troubles.length === 0 ? table : [table, '', ...troubles].join('\n');
}

function describeOne({ checkpoint, reportedAt }: StreamState, dead: readonly ShownLetter[]): string[] {
  const places = Object.entries(checkpoint).map(([partition, { after, done = [] }]) => [
    partition,
    after === undefined ? '' : shortly(after),
    done.length === 0 ? '' : String(done.reduce((sum, [, elements]) => sum + elements, 0)),
  ]);
  return [
    ...(reportedAt === undefined ? [] : [`Reported at ${formatTime(reportedAt)}`]),
    ...(places.length === 0
      ? []
      : ['', formatTable(['PARTITION', 'FINISHED UP TO', 'FINISHED BEYOND'], places)]),
    ...(dead.length === 0
      ? []
      : [
          '',
          formatTable(
            ['DEAD LETTER', 'RUN', 'WHY'],
            dead.map(({ element, run = '', why = '' }) => [element, run, why]),
          ),
        ]),
  ];
}

function shortly(after: unknown): string {
  const { path, at } = after as { path?: unknown; at?: unknown };
  if (typeof path === 'string' && typeof at === 'number') return `${path} byte ${at}`;
  const text = JSON.stringify(after);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
