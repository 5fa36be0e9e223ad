import { once } from 'node:events';
import { SelvageError } from '../errors';
import type { Tapestry } from '../authoring';
import {
  declareTrigger,
  isTrigger,
  triggerName,
  type EventMap,
  type Trigger,
  type TriggerDeclaration,
  type TriggerKind,
} from '../triggers';
import { serve, type ServeOptions } from './serve';

export interface RunForeverOptions extends Omit<ServeOptions, 'triggers'> {
  /**
   * Returns the parameters of an event's run, or nothing to start no run. Only for a {@link Trigger} of your own.
   * Default: the event's body.
   */
  readonly map?: EventMap;
  /** Aborting this signal ends the call. Default: Ctrl-C and SIGTERM abort it; a second one ends the process. */
  readonly signal?: AbortSignal;
}

/**
 * The whole life of a script: starts a run for each event of a trigger, and works for these runs. The call returns when
 * it is told to stop or the trigger ends, once all accepted runs have started.
 *
 * @param trigger a declaration (`valkeyTrigger(…)`, `cronTrigger(…)`, …) or a {@link Trigger} of your own
 * @throws SelvageError as `serve`; and errors that no retry fixes, such as a wrong option of the trigger
 */
export async function runForever<Parameters extends object>(
  trigger: TriggerDeclaration | Trigger,
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- of whatever values
  tapestry: Tapestry<Parameters, any>,
  options: RunForeverOptions = {},
): Promise<void> {
  const { map, signal, ...others } = options;
  const stopping = new AbortController();
  const stop = (): void => stopping.abort();
  const declaration = isTrigger(trigger)
    ? declarationFor(trigger, tapestry)
    : declareTrigger({
        kind: trigger.kind as TriggerKind,
        id: trigger.id,
        tapestry,
        options: map ? { map } : {},
      });
  const forgetSignals = signal ? passOn(signal, stop) : onSignals(stop);
  try {
    const serving = await serve({
      ...others,
      triggers: [declaration],
      ...(!isTrigger(trigger) && { make: async () => untilStopped(trigger, stop) }),
    });
    try {
      const asked = stopping.signal.aborted ? undefined : once(stopping.signal, 'abort');
      await Promise.race([asked, serving.ended]);
    } finally {
      await serving.stop();
    }
  } finally {
    forgetSignals();
  }
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- of whatever parameters and values
function declarationFor(trigger: TriggerDeclaration, tapestry: Tapestry<any, any>): TriggerDeclaration {
  if (trigger.tapestry === tapestry) return trigger;
  if (trigger.tapestry === undefined) return declareTrigger({ ...trigger, tapestry });
  const name = triggerName(trigger);
  throw new SelvageError(
    'InvalidConfig',
    `runForever was given tapestry "${tapestry.name}" and trigger ${name}, which starts "${trigger.tapestry.name}". Give the tapestry that it starts.`,
    { details: { trigger: name, option: 'tapestry', reason: 'Conflict' } },
  );
}

/** A trigger that ends by itself stops `runForever`, and has not failed. */
function untilStopped(trigger: Trigger, stop: () => void): Trigger {
  return {
    id: trigger.id,
    kind: trigger.kind,
    run: async (host) => {
      await trigger.run(host);
      stop();
      if (!host.signal.aborted) await once(host.signal, 'abort');
    },
  };
}

function passOn(signal: AbortSignal, stop: () => void): () => void {
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop);
  return () => signal.removeEventListener('abort', stop);
}

/** The second signal finds no listener, and ends the process as by default. */
function onSignals(stop: () => void): () => void {
  const signals = ['SIGINT', 'SIGTERM'] as const;
  const forget = (): void => {
    for (const signal of signals) process.off(signal, heard);
  };
  const heard = (): void => {
    forget();
    stop();
  };
  for (const signal of signals) process.on(signal, heard);
  return forget;
}
