import { SelvageError, isAway } from '../../errors';
import {
  gapWords,
  keyOfOffset,
  stateOfOffset,
  type Checkpoint,
  type SourceTriggerSettings,
  type StreamElement,
  type ReportGap,
} from '../../streams';
import type { Trigger, TriggerDeclaration, TriggerEvent, TriggerHost } from '../../triggers';
import type { Json } from '../../values';
import { openSource } from './open-source';
import { Reader } from './reader';
import { again } from '../../ports/parts/again';
import { Troubles } from '../../ports/parts/troubles';
import type { BackOff } from '../../values/back-off';

const AT_ONCE = 200;
const BACK_OFF: BackOff = { base: 1_000, max: 1_000 };

/** Delivers the elements of a source as events, one after another until their runs have started. */
export function createSourceTrigger({ id, options }: TriggerDeclaration): Trigger {
  const settings = options as SourceTriggerSettings;
  return {
    id,
    kind: 'stream',
    async run(host) {
      const { signal, logger } = host;
      const source = await openSource(settings.source, { id, logger });
      const places = new Map<string, Json>(Object.entries((await settings.checkpoint?.load()) ?? {}));
      let saving: Promise<unknown> = Promise.resolve();
      // Checkpoints are saved one after another: an older list must not be saved last.
      const save = async (newer: Checkpoint): Promise<void> => {
        for (const [partition, state] of newer) places.set(partition, state);
        const own = saving.then(() => settings.checkpoint?.save(Object.fromEntries(places)));
        saving = own.catch(() => undefined);
        await own;
      };
      const troubles = new Troubles<SelvageError>((error) => host.trouble(error));
      const trouble = (message: string | undefined): void =>
        troubles.set(
          source,
          message === undefined ? undefined : new SelvageError('DeliveryFailed', message, { details: {} }),
        );
      const gap: ReportGap = (lost) => {
        host.metrics.count('gap');
        if (lost.lost?.unit === 'elements') host.metrics.count('lost', lost.lost.amount);
        logger.warn(gapWords(lost));
      };
      const reader = new Reader(
        source.read(new Map(places), { signal, logger, save, trouble, reportGap: gap }),
        AT_ONCE,
      );
      try {
        for (;;) {
          const taken = await reader.take(AT_ONCE, 0, signal);
          if (!taken) break;
          if ('endOf' in taken) {
            places.delete(taken.endOf);
            continue;
          }
          const { partition, elements } = taken;
          const events = readable(elements, host).map((element) => eventOf(partition, element));
          if (events.length > 0 && !(await accept(host, events, troubles))) break;
          await save(new Map([[partition, stateOfOffset(elements[elements.length - 1]!.offset)]]));
        }
        // An ended source has nothing more to deliver; that is no failure.
        if (!signal.aborted) await new Promise<void>((end) => signal.addEventListener('abort', () => end()));
      } finally {
        reader.close();
        await source.close?.();
      }
    },
  };
}

function eventOf(partition: string, { value, offset }: StreamElement): TriggerEvent {
  const key = keyOfOffset(offset);
  return {
    key: partition === '' ? key : `${partition}:${key}`,
    body: value,
    link: { offset: key, ...(partition !== '' && { partition }) },
  };
}

/** Leaves out, and reports, elements without a value, which start no run. */
function readable(elements: readonly StreamElement[], { logger, metrics }: TriggerHost): StreamElement[] {
  return elements.filter(({ offset, unreadable }) => {
    if (!unreadable) return true;
    logger.warn(`element ${keyOfOffset(offset)} starts no run: ${unreadable.message}`);
    metrics.count('refused');
    return false;
  });
}

/** Retries until the results are known. Returns false if told to stop before. */
async function accept(
  host: TriggerHost,
  events: readonly TriggerEvent[],
  troubles: Troubles<SelvageError>,
): Promise<boolean> {
  if (host.signal.aborted) return false;
  const acceptances = await again(() => host.accept(events), {
    backOff: BACK_OFF,
    signal: host.signal,
    isFinal: (error) => !isAway(error),
    onFailure: (error) => troubles.set(host, error as SelvageError),
  });
  if (!acceptances) return false;
  acceptances.forEach((acceptance, place) => {
    if (acceptance.status === 'refused')
      host.logger.warn(`element ${events[place]!.key} starts no run: ${acceptance.error.message}`);
  });
  troubles.set(host, undefined);
  return true;
}
