import { redactTexts } from '../../values/redact';
import type { QuestionName, Questions } from '../contract';
import type { ExplorerData, Rights } from '../data';
import { about } from './about';
import { approvals } from './approvals';
import { compare } from './compare';
import { elements } from './elements';
import { emitterLetters, emitters } from './emitters';
import { find } from './find';
import { knot } from './knot';
import { uses, walk } from './lineage';
import { backfillPreview, rerunPreview } from './previews';
import { run, waiting } from './run';
import { grid, runs } from './runs';
import { deadLetters, partitions, schedules, triggers, workers } from './standing';
import { stats } from './stats';
import { stream, streams } from './streams';
import { value } from './value';
import { versions, waitingRuns } from './across';

type Answers = {
  [Name in QuestionName]: (
    data: ExplorerData,
    ask: Questions[Name]['ask'],
    rights: Rights,
  ) => Questions[Name]['answer'] | Promise<Questions[Name]['answer']>;
};

const ANSWERS: Answers = {
  about: (data, _, rights) => about(data, rights),
  approvals,
  backfillPreview,
  compare,
  deadLetters,
  elements,
  emitterLetters,
  emitters,
  find,
  grid,
  knot,
  partitions,
  rerunPreview,
  run,
  runs,
  schedules,
  stats,
  stream,
  streams,
  triggers,
  uses,
  value,
  versions,
  waiting,
  waitingRuns,
  walk,
  workers,
};

/** Questions for values and for what forms begin with, which who may see secrets gets as they are. */
const IN_FULL: ReadonlySet<QuestionName> = new Set(['value', 'about', 'approvals']);

/**
 * Answers a question. The ask is already validated and the caller may ask. Errors, logs and all other texts are redacted
 * for everybody.
 */
export async function answer<Name extends QuestionName>(
  data: ExplorerData,
  rights: Rights,
  name: Name,
  ask: object,
): Promise<Questions[Name]['answer']> {
  const given = await ANSWERS[name](data, ask, rights);
  if (IN_FULL.has(name) && rights.maySeeSecrets) return given;
  const shown = redactTexts(given);
  if (!('signalSchema' in given) || !rights.maySeeSecrets) return shown;
  return { ...shown, signalSchema: given.signalSchema };
}
