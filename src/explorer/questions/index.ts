import { redactTexts } from '../../values/redact';
import { BY_NAME } from '../../operations';
import { invoke } from '../../operations/invoke';
import type { Operation } from '../../operations/operation';
import type { OtherQuestions, Questions } from '../contract';
import type { ProjectData, Rights } from '../../operations/surroundings';
import { emitterLetters, emitters } from './emitters';
import { deadLetters, partitions, schedules, triggers, workers } from './standing';
import { stream, streams } from './streams';

type QuestionName = keyof OtherQuestions;

type Answers = {
  [Name in QuestionName]: (
    data: ProjectData,
    ask: OtherQuestions[Name]['ask'],
  ) => OtherQuestions[Name]['answer'] | Promise<OtherQuestions[Name]['answer']>;
};

const ANSWERS: Answers = {
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
      : await otherAnswer(data, name as QuestionName, ask)
  ) as Questions[Name]['answer'];
}

async function otherAnswer<Name extends QuestionName>(
  data: ProjectData,
  name: Name,
  ask: object,
): Promise<OtherQuestions[Name]['answer']> {
  return redactTexts(await ANSWERS[name](data, ask as never));
}
