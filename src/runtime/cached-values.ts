import { keepWithRows } from './table-rows';
import type { PlanKnot } from '../plan';
import type { Backends, LineageRecord, RunHistory } from '../ports';
import { isTooOld } from './cache-key';

/** Why a value of the same key was not reused: too old for the knot, or no longer in the data store. */
export type PassedOver = 'too_old' | 'value_gone';

export interface CachedValue {
  /** The record of the value; absent if there is no value to reuse. */
  readonly record?: LineageRecord;
  readonly passedOver?: PassedOver;
}

interface Question {
  readonly knot: PlanKnot;
  readonly key: string;
  readonly resolve: (found: CachedValue) => void;
  readonly reject: (error: unknown) => void;
}

const NOTHING: CachedValue = Object.freeze({});

/** Looks up values by cache key. Lookups of the same moment, for the same subject, share one query. */
export class CachedValues {
  private readonly questions = new Map<string | undefined, Question[]>();

  /**
   * @param subject the caller's, as a sealed data store shows each subject only its values. Default: always the same
   */
  constructor(
    private readonly backends: Pick<Backends, 'dataStore'> & {
      readonly runHistory: Pick<RunHistory, 'findCached'>;
    },
    private readonly now: () => number,
    private readonly subject: () => string | undefined = () => undefined,
  ) {}

  find(knot: PlanKnot, key: string): Promise<CachedValue> {
    return new Promise((resolve, reject) => {
      const question = { knot, key, resolve, reject };
      const subject = this.subject();
      const others = this.questions.get(subject);
      if (others) {
        others.push(question);
        return;
      }
      const questions = [question];
      this.questions.set(subject, questions);
      void Promise.resolve().then(() => {
        this.questions.delete(subject);
        return this.answerAll(questions);
      });
    });
  }

  private async answerAll(questions: readonly Question[]): Promise<void> {
    try {
      const answers = await this.answers(questions);
      questions.forEach(({ resolve }, index) => resolve(answers[index]!));
    } catch (error) {
      for (const { reject } of questions) reject(error);
    }
  }

  private async answers(questions: readonly Question[]): Promise<CachedValue[]> {
    const found = await this.findRecords(questions);
    const hashes = found.flatMap(({ record }) => (record ? [record.output_hash!] : []));
    if (hashes.length === 0) return found;
    const present = await keepWithRows(this.backends.dataStore, [...new Set(hashes)]);
    return found.map((one): CachedValue =>
      one.record && !present.has(one.record.output_hash!) ? { passedOver: 'value_gone' } : one,
    );
  }

  /**
   * Records in the order of the questions, without checking that the values exist. @throws SelvageError
   * `BackendUnavailable`
   */
  async findRecords(questions: readonly Pick<Question, 'knot' | 'key'>[]): Promise<CachedValue[]> {
    const keys = new Set(questions.map(({ key }) => key));
    const records = await this.backends.runHistory.findCached([...keys]);
    const now = this.now();
    return questions.map(({ knot, key }): CachedValue => {
      const record = records.get(key);
      if (!record) return NOTHING;
      return isTooOld(knot, record, now) ? { passedOver: 'too_old' } : { record };
    });
  }
}
