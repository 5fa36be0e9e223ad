import { SelvageError } from '../errors';
import {
  triggerName,
  type CronTriggerDeclaration,
  type KafkaTriggerDeclaration,
  type Trigger,
  type TriggerDeclaration,
  type TriggerKind,
  type ValkeyTriggerDeclaration,
} from '../triggers';

/** Makes the source of events of a declaration. */
export type MakeTrigger = (declaration: TriggerDeclaration) => Promise<Trigger>;

/* eslint-disable @typescript-eslint/no-require-imports -- an adapter, and the library of its vendor, is loaded where a trigger needs it */

/** Kinds that deliver events by themselves; a webhook responds to requests, a schedule belongs to the server. */
const ADAPTERS: Partial<Record<TriggerKind, MakeTrigger>> = {
  cron: async (declaration) => {
    const { CronTrigger } = require('../adapters/cron') as typeof import('../adapters/cron');
    return new CronTrigger(declaration as CronTriggerDeclaration);
  },
  valkey: async (declaration) => {
    const { createValkeyTrigger } =
      require('../adapters/valkey/trigger') as typeof import('../adapters/valkey/trigger');
    return createValkeyTrigger(declaration as ValkeyTriggerDeclaration);
  },
  stream: async (declaration) => {
    const { createSourceTrigger } =
      require('./streams/source-trigger') as typeof import('./streams/source-trigger');
    return createSourceTrigger(declaration);
  },
  kafka: async (declaration) => {
    const { createKafkaTrigger } =
      require('../adapters/kafka/trigger') as typeof import('../adapters/kafka/trigger');
    return createKafkaTrigger(declaration as KafkaTriggerDeclaration);
  },
};

const REQUESTED: ReadonlySet<TriggerKind> = new Set<TriggerKind>(['webhook', 'webhook-signal']);

export function isRequested({ kind }: TriggerDeclaration): boolean {
  return REQUESTED.has(kind);
}

/** The server itself starts a schedule's runs. */
export function isDeployed({ kind }: TriggerDeclaration): boolean {
  return kind === 'schedule';
}

/** @throws SelvageError `InvalidConfig` for another kind, `MissingPackage`, and what the kind's options may lack */
export async function makeTrigger(declaration: TriggerDeclaration): Promise<Trigger> {
  const make = ADAPTERS[declaration.kind];
  if (make) return await make(declaration);
  throw new SelvageError(
    'InvalidConfig',
    `The trigger ${triggerName(declaration)} is of a kind that nothing here delivers. There are: ${Object.keys(ADAPTERS).join(', ')}.`,
    { details: { trigger: triggerName(declaration), kind: declaration.kind, reason: 'WrongValue' } },
  );
}
