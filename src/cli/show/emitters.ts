import type { Moved } from '../../deliveries';
import type { EmitterReport } from '../../deliveries/report';
import { emitters } from '../../operations/emitters';
import { formatDuration, formatTable, formatTime, plural } from '../output/format';
import { nextPageLines } from '../output/typed-commands';
import { verbsOf } from '../table/verb-of-table';

export const addEmitters = verbsOf(emitters, {
  'emitters.list': ({ items }) => describeAll(items),
  'emitters.deadLetters'({ items, cursor }, _, output) {
    const rows = items.map(({ at, eventId, runId, reason, redriven }) => [
      formatTime(at),
      runId,
      eventId,
      redriven ? 'comes again' : '',
      reason,
    ]);
    const table = formatTable(['SINCE', 'RUN', 'EVENT', '', 'WHY'], rows);
    return [items.length === 0 ? 'It gave up nothing.' : table, ...nextPageLines(cursor, output)].join('\n');
  },
  'emitters.redrive': ({ redriven }, { emitter }) =>
    `${plural(redriven, 'event')} ${redriven === 1 ? 'is' : 'are'} delivered once more by the process that delivers to ${emitter}.`,
  'emitters.discard': ({ discarded }) => `Deleted ${plural(discarded, 'event')}.`,
  'emitters.replay': (moved, { emitter }) =>
    `${emitter} hears again of what became durable ${behind(moved.to)}. ${wayBack(emitter, moved)}`,
  'emitters.skip': (moved, { emitter }) =>
    `${emitter} goes on with what became durable ${behind(moved.to)}. ${wayBack(emitter, moved)}`,
  'emitters.resume': (_, { emitter }) => `${emitter} goes on.`,
  'emitters.remove': (_, { emitter }) =>
    `Forgot the emitter ${emitter}. If a process has it again, it begins anew.`,
});

function behind({ position, positionAt }: Moved['to']): string {
  if (position === null) return 'since the beginning';
  return positionAt === null ? `behind ${position}` : `after ${formatTime(positionAt)} (${position})`;
}

function wayBack(emitter: string, { from }: Moved): string {
  return `To go back to where it was: selvage emitters replay ${emitter} --from ${from.position ?? 'beginning'}`;
}

function describeAll(emitters: readonly EmitterReport[]): string {
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
  return notes.length === 0 ? [] : ['', ...notes];
}
