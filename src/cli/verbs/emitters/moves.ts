import type { Command } from 'commander';
import type { Moved, replayEmitter } from '../../../deliveries';
import type { Does } from '../../options/does';
import {
  addCommonOptions,
  addJsonOption,
  wholeNumber,
  type RecordOptions,
} from '../../options/server-options';
import { TIME_FORMS, timeOption } from '../../options/times';
import { EXIT } from '../../output/exit-codes';
import { formatTime } from '../../output/format';
import type { Output } from '../../output/output';

type Place = Parameters<typeof replayEmitter>[2];

interface ReplayOptions extends RecordOptions {
  readonly from: Place;
}

interface SkipOptions extends RecordOptions {
  readonly until?: number;
  readonly changes?: number;
}

/** The verbs that change where an emitter goes on. */
export function addEmittersMoves(emitters: Command, does: Does): void {
  const verb = (name: string, description: string, example: string): Command =>
    addCommonOptions(
      addJsonOption(
        emitters.command(name).description(description).argument('<name>', 'name of the emitter'),
      ),
    ).addHelpText('after', `\nExample:\n  $ ${example}`);
  verb(
    'replay',
    'Has an emitter hear again of what became durable since a time, behind a position, or since the beginning.',
    'selvage emitters replay hook --from 2h',
  )
    .requiredOption('--from <place>', `${TIME_FORMS}, a position, or beginning`, placeOf)
    .action(does(replay));
  verb(
    'skip',
    'Has an emitter leave out what it has not heard of: all that is on record now, what is older, or the next changes.',
    'selvage emitters skip hook --until 1d',
  )
    .option('--until <time>', `only what is older: ${TIME_FORMS}`, timeOption)
    .option('--changes <number>', 'only so many changes', wholeNumber)
    .action(does(skip));
  verb(
    'resume',
    'Has an emitter that is disabled, or waits after a failure, go on now where it is.',
    'selvage emitters resume hook',
  ).action(does(resume));
  verb(
    'remove',
    'Forgets an emitter that no process has any more: how far it is, and what it gave up.',
    'selvage emitters remove old-hook',
  ).action(does(remove));
}

async function replay(name: string, { from, ...options }: ReplayOptions, output: Output): Promise<number> {
  const { withRecords } = await import('../../location/records.js');
  const { replayEmitter } = await import('../../../deliveries/index.js');
  return await withRecords(options, async (backends) => {
    const moved = await replayEmitter(backends, name, from);
    return tell(`${name} hears again of what became durable ${behind(moved.to)}.`, name, moved, output);
  });
}

/** Positions have an underscore, and times have none. */
function placeOf(from: string): Place {
  if (from === 'beginning') return from;
  return from.includes('_') || /^\d+$/.test(from) ? { position: from } : { time: timeOption(from) };
}

async function skip(
  name: string,
  { until, changes, ...options }: SkipOptions,
  output: Output,
): Promise<number> {
  const { withRecords } = await import('../../location/records.js');
  const { skipEmitter } = await import('../../../deliveries/index.js');
  return await withRecords(options, async (backends) => {
    const moved = await skipEmitter(backends, name, {
      ...(until !== undefined && { until }),
      ...(changes !== undefined && { changes }),
    });
    return tell(`${name} goes on with what became durable ${behind(moved.to)}.`, name, moved, output);
  });
}

function behind({ position, positionAt }: Moved['to']): string {
  if (position === null) return 'since the beginning';
  return positionAt === null ? `behind ${position}` : `after ${formatTime(positionAt)} (${position})`;
}

function tell(text: string, name: string, moved: Moved, output: Output): number {
  const back = moved.from.position ?? 'beginning';
  output.say(`${text} To go back to where it was: selvage emitters replay ${name} --from ${back}`);
  if (output.json) output.document({ emitter: name, ...moved });
  return EXIT.ok;
}

async function resume(name: string, options: RecordOptions, output: Output): Promise<number> {
  const { withRecords } = await import('../../location/records.js');
  const { requireEmitter, requireFeed } = await import('../../../deliveries/index.js');
  return await withRecords(options, async (backends) => {
    await requireEmitter(backends, name);
    await requireFeed(backends.runHistory).emitterTableBeside().resume(name);
    output.say(`${name} goes on.`);
    if (output.json) output.document({ emitter: name });
    return EXIT.ok;
  });
}

async function remove(name: string, options: RecordOptions, output: Output): Promise<number> {
  const { withRecords } = await import('../../location/records.js');
  const { removeEmitter } = await import('../../../deliveries/index.js');
  return await withRecords(options, async (backends) => {
    await removeEmitter(backends, name);
    output.say(`Forgot the emitter ${name}. If a process has it again, it begins anew.`);
    if (output.json) output.document({ emitter: name });
    return EXIT.ok;
  });
}
