import type { Command } from 'commander';
import type { EmitterReport } from '../../../deliveries';
import type { Does } from '../../options/does';
import { addCommonOptions, addJsonOption, type RecordOptions } from '../../options/server-options';
import { EXIT } from '../../output/exit-codes';
import { formatDuration, formatTable, formatTime, plural } from '../../output/format';
import type { Output } from '../../output/output';
import { redactText } from '../../../values/redact';

export function addEmittersStatus(emitters: Command, does: Does): void {
  addCommonOptions(
    addJsonOption(
      emitters
        .command('status')
        .description(
          'Lists all emitters that have begun: who delivers, how far behind they are, what failed.',
        )
        .addHelpText('after', '\nExample:\n  $ selvage emitters status --json | jq ".emitters[].lag"'),
    ),
  ).action(does(showStatus));
}

async function showStatus(options: RecordOptions, output: Output): Promise<number> {
  const { withRecords } = await import('../../location/records.js');
  const { readEmitters, requireFeed } = await import('../../../deliveries/index.js');
  return await withRecords(options, async (backends) => {
    requireFeed(backends.runHistory);
    const emitters = await readEmitters(backends);
    if (output.json) output.document({ items: emitters });
    else output.say(describe(emitters));
    return EXIT.ok;
  });
}

function describe(emitters: readonly EmitterReport[]): string {
  if (emitters.length === 0)
    return 'No emitter has begun yet. One begins when a process that has it starts: selvage worker, serve, dev, run or emit.';
  const rows = emitters.map((emitter) => [
    emitter.name,
    emitter.state,
    emitter.deliveredBy ?? '',
    describeLag(emitter),
    String(emitter.delivered),
    emitter.deadLetters === 0 ? '' : String(emitter.deadLetters),
  ]);
  return [
    formatTable(['EMITTER', 'STATE', 'DELIVERED BY', 'LAG', 'DELIVERED', 'DEAD LETTERS'], rows),
    ...emitters.flatMap((emitter) => notesOn(emitter)),
  ].join('\n');
}

function describeLag({ lag }: EmitterReport): string {
  const { changes, atLeast, ageMs } = lag;
  if (changes === 0) return '';
  return `${plural(changes, atLeast ? 'or more changes' : 'change', atLeast ? 'or more changes' : 'changes')}, ${formatDuration(ageMs)}`;
}

function notesOn(emitter: EmitterReport): string[] {
  const { name, failures, failingSince, lastError, retryAt, disabledAt, disabledReason, rewoundAt } = emitter;
  const { deadLetters, redriven } = emitter;
  const notes: string[] = [];
  if (lastError !== null)
    notes.push(
      `${name} has failed ${failures} times in a row since ${formatTime(failingSince!)}: ${lastError}${disabledAt === null && retryAt !== null ? ` (next attempt ${formatTime(retryAt)})` : ''}`,
    );
  if (disabledAt !== null)
    notes.push(
      `${name} is disabled since ${formatTime(disabledAt)}: ${disabledReason}. When that is mended: selvage emitters resume ${name}`,
    );
  if (rewoundAt !== null)
    notes.push(
      `${name} heard some changes again, for the run history went back in time (noticed ${formatTime(rewoundAt)})`,
    );
  if (deadLetters > 0)
    notes.push(
      `${name} gave up ${plural(deadLetters, 'event')}${redriven > 0 ? `, ${redriven} of which come again` : ''}: selvage emitters dead-letters ${name}`,
    );
  return notes.length === 0 ? [] : ['', ...notes.map(redactText)];
}
