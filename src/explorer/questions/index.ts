import { redactTexts } from '../../values/redact';
import { BY_NAME } from '../../operations';
import { invoke } from '../../operations/invoke';
import type { Operation } from '../../operations/operation';
import type { OtherQuestions, Questions } from '../contract';
import type { ProjectData, Rights } from '../../operations/surroundings';
import { about } from './about';
import { emitterLetters, emitters } from './emitters';
import { deadLetters, partitions, schedules, triggers, workers } from './standing';
import { stream, streams } from './streams';

type QuestionName = keyof OtherQuestions;

type Answers = {
  [Name in QuestionName]: (
    data: ProjectData,
    ask: OtherQuestions[Name]['ask'],
    rights: Rights,
  ) => OtherQuestions[Name]['answer'] | Promise<OtherQuestions[Name]['answer']>;
};

const ANSWERS: Answers = {
  about: (data, _, rights) => about(data, rights),
  deadLetters,
  emitterLetters,
  emitters,
  partitions,
  schedules,
  stream,
  streams,
  triggers,
  workers,
};

/** Questions for what forms begin with, which who may see secrets gets as they are. */
const IN_FULL: ReadonlySet<QuestionName> = new Set(['about']);

/**
 * Answers a question. The ask is already validated and the caller may ask. Errors, logs and all other texts are redacted
 * for everybody.
 */
export async function answer<Name extends keyof Questions>(
  data: ProjectData,
  rights: Rights,
  name: Name,
  ask: object,
): Promise<Questions[Name]['answer']> {
  const operation: Operation | undefined = BY_NAME.get(name);
  return (
    operation
      ? await invoke(operation, { ...data, caller: rights }, ask)
      : await otherAnswer(data, rights, name as QuestionName, ask)
  ) as Questions[Name]['answer'];
}

async function otherAnswer<Name extends QuestionName>(
  data: ProjectData,
  rights: Rights,
  name: Name,
  ask: object,
): Promise<OtherQuestions[Name]['answer']> {
  const given = await ANSWERS[name](data, ask as never, rights);
  if (IN_FULL.has(name) && rights.maySeeSecrets) return given;
  return redactTexts(given);
}
