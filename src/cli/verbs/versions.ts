import type { Command } from 'commander';
import type { BodyVersion, Versions } from '../../client';
import type { Does } from '../options/does';
import { addRunFilters, filtersOf, type RunFilters } from '../options/run-filters';
import { addJsonOption, addServerOptions, type ServerOptions } from '../options/server-options';
import { EXIT } from '../output/exit-codes';
import { formatTable, formatTime, nameSome, plural } from '../output/format';
import type { Output } from '../output/output';

/** Digits of a hash that tell versions apart. */
const SHOWN_DIGITS = 8;

export function addVersions(program: Command, does: Does): void {
  const command = addRunFilters(
    program
      .command('versions')
      .summary('which code unfinished runs need, who has it, and what may go')
      .description(
        'Lists the plans of unfinished runs, and the bodies that these still need, with the workers that have them. A body that no unfinished run needs may be removed from the workers.',
      ),
  ).addHelpText(
    'after',
    `
Exit codes: 0 listed.

Examples:
  $ selvage versions
  $ selvage versions --tapestry nightly --json`,
  );
  addServerOptions(addJsonOption(command)).action(does(listVersions));
}

async function listVersions(options: ServerOptions & RunFilters, output: Output): Promise<number> {
  const { requireHistory } = await import('../location/records.js');
  const { withClient } = await import('../location/connect.js');
  requireHistory(options);
  return await withClient(options, output, async (selvage) => {
    const versions = await selvage.versions(filtersOf(options));
    output.say(describe(versions));
    if (output.json) output.document({ ...versions, server: selvage.location });
    return EXIT.ok;
  });
}

function describe({ plans, bodies, open, unread, untold, workersKnown }: Versions): string {
  return [
    `${plural(open, 'unfinished run')}.`,
    ...(plans.length > 0
      ? [
          formatTable(
            ['TAPESTRY', 'PLAN', 'RUNS', 'OLDEST'],
            plans.map(({ tapestry, planHash, runs, oldest }) => [
              tapestry,
              digits(planHash) || 'that of the worker',
              String(runs),
              formatTime(oldest),
            ]),
          ),
        ]
      : []),
    ...(bodies.length > 0
      ? ['', formatTable(['BODY', 'CODE', 'NEEDED BY', 'WORKERS', 'MAY GO'], bodies.map(rowOf))]
      : []),
    ...(unread.length > 0
      ? [
          `The plans of some runs are not known, so that others may be needed, too: ${nameSome(unread, unread.length)}.`,
        ]
      : []),
    ...(untold.length > 0
      ? [
          `${plural(untold.length, 'worker')} did not tell which bodies they have: ${nameSome(untold, untold.length)}.`,
        ]
      : []),
    ...(workersKnown ? [] : ['The server keeps no list of workers, so that nobody knows what they have.']),
  ].join('\n');
}

function rowOf({ body, codeHash, runs, exact, first, workers, isSafeToRemove }: BodyVersion): string[] {
  const queues = [...new Set(workers.map(({ taskQueue }) => taskQueue))].sort();
  return [
    body,
    digits(codeHash ?? ''),
    runs === 0
      ? 'no run'
      : `${plural(runs, 'run')}${exact > 0 ? ` (${exact} this code alone)` : ''}, oldest ${first}`,
    workers.length === 0 ? 'none' : `${workers.length} of ${nameSome(queues, queues.length)}`,
    isSafeToRemove === null ? 'not known' : isSafeToRemove ? 'yes' : 'no',
  ];
}

/** The first digits of a hash. */
function digits(hash: string): string {
  return hash.slice(hash.indexOf(':') + 1).slice(0, SHOWN_DIGITS);
}
