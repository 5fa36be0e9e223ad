import { SelvageError } from '../errors';
import type { Tapestry } from '../authoring';
import { isFunction, shown, type Checks } from '../authoring/checks';
import { checkName } from '../authoring/names';
import { readOptions } from '../authoring/options';
import type { Json } from '../values';
import { isText } from '../triggers/option-checks';
import { declareTrigger, type EventMap, type TriggerDeclaration } from '../triggers';
import { sourceOf, type StreamDeclaration } from './declaration';
import type { AnySource } from './source';

/** Saves the positions up to which all elements have started their runs. */
export interface CheckpointStore {
  load(): Promise<Readonly<Record<string, Json>> | undefined>;
  save(places: Readonly<Record<string, Json>>): Promise<void>;
}

export interface SourceTriggerOptions<Value = unknown, Parameters extends object = object> {
  /** A name, unique among triggers of its kind, and among streams. The name identifies the record of started runs. */
  readonly id: string;
  /** Returns the parameters of an element's run, or nothing to start no run. Default: the value is the parameters. */
  readonly map?: (value: Value) => Parameters | null | undefined | Promise<Parameters | null | undefined>;
  /** Where to continue after a restart. Default: from the beginning; started elements start no second run. */
  readonly checkpoint?: CheckpointStore;
}

export interface SourceTriggerSettings {
  readonly source: StreamDeclaration['source'];
  readonly map?: EventMap;
  readonly checkpoint?: CheckpointStore;
}

const CHECKS: Checks<SourceTriggerOptions> = {
  id: isText,
  map: isFunction,
  checkpoint: (value) =>
    typeof value === 'object' && value !== null && 'load' in value && 'save' in value
      ? undefined
      : 'must have load() and save()',
};

/** A source as a trigger: each element starts a run. For awaited results or an order, use `stream`. */
export class StreamingSourceTrigger<Value, Parameters extends object> implements TriggerDeclaration<
  'stream',
  SourceTriggerSettings
> {
  readonly kind = 'stream';
  readonly id: string;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- of whatever values
  readonly tapestry: Tapestry<Parameters, any>;
  readonly options: SourceTriggerSettings;

  /** @throws SelvageError `InvalidName`, `InvalidConfig` */
  constructor(
    source: AnySource<Value>,
    // eslint-disable-next-line @typescript-eslint/no-explicit-any -- of whatever values
    tapestry: Tapestry<Parameters, any>,
    options: SourceTriggerOptions<Value, Parameters>,
  ) {
    const { id, map } = readOptions<SourceTriggerOptions<Value, Parameters>>(
      'StreamingSourceTrigger',
      options,
      CHECKS,
    );
    checkName('trigger', id);
    if (typeof tapestry !== 'object' || tapestry === null) {
      throw new SelvageError(
        'InvalidConfig',
        `The tapestry of StreamingSourceTrigger "${id}" is ${shown(tapestry)}. Give what tapestry() answered.`,
        { details: { owner: 'StreamingSourceTrigger', option: 'tapestry', reason: 'WrongValue' } },
      );
    }
    this.id = id;
    this.tapestry = tapestry;
    this.options = Object.freeze({
      source: sourceOf(source, `StreamingSourceTrigger "${id}"`),
      ...(map && { map }),
      // A copy of the source would lack the methods of a class.
      ...(options.checkpoint && { checkpoint: options.checkpoint }),
    });
    return declareTrigger(this) as this;
  }
}
