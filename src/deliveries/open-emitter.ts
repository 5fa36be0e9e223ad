import { SelvageError } from '../errors';
import type {
  Emitter,
  EmitterDeclaration,
  EmitterKind,
  KafkaEmitterDeclaration,
  LogEmitterDeclaration,
  OpenLineageEmitterDeclaration,
  OpenTelemetryEmitterDeclaration,
  ValkeyEmitterDeclaration,
  WebhookEmitterDeclaration,
} from '../emitters';
import type { RunRecord } from '../ports';
import type { Logger } from '../authoring';

export interface EmitterTools {
  readonly logger: Logger;
  /** Base of relative paths. */
  readonly projectDir: string;
  /** The text of a stored plan; undefined if it was removed. */
  plan(hash: string): Promise<string | undefined>;
  run(temporalRunId: string): Promise<RunRecord | undefined>;
}

/** Loads the vendor's library when called. */
type OpenEmitter = (declaration: EmitterDeclaration, tools: EmitterTools) => Promise<Emitter>;

/* eslint-disable @typescript-eslint/no-require-imports -- an adapter, and the library of its vendor, is loaded where an emitter needs it */
const ADAPTERS: Partial<Record<EmitterKind, OpenEmitter>> = {
  'open-lineage': async (declaration, tools) => {
    const { createOpenLineageEmitter } =
      require('../adapters/open-lineage/emitter') as typeof import('../adapters/open-lineage/emitter');
    return await createOpenLineageEmitter(declaration as OpenLineageEmitterDeclaration, tools);
  },
  'open-telemetry': async (declaration, tools) => {
    const { createOpenTelemetryEmitter } =
      require('../adapters/open-telemetry/emitter') as typeof import('../adapters/open-telemetry/emitter');
    return await createOpenTelemetryEmitter(declaration as OpenTelemetryEmitterDeclaration, tools);
  },
  custom: async (declaration) => declaration.options as Emitter,
  log: async (declaration) => {
    const { createLogEmitter } =
      require('../adapters/log/emitter') as typeof import('../adapters/log/emitter');
    return createLogEmitter(declaration as LogEmitterDeclaration);
  },
  kafka: async (declaration) => {
    const { createKafkaEmitter } =
      require('../adapters/kafka/emitter') as typeof import('../adapters/kafka/emitter');
    return createKafkaEmitter(declaration as KafkaEmitterDeclaration);
  },
  valkey: async (declaration) => {
    const { createValkeyEmitter } =
      require('../adapters/valkey/emitter') as typeof import('../adapters/valkey/emitter');
    return createValkeyEmitter(declaration as ValkeyEmitterDeclaration);
  },
  webhook: async (declaration) => {
    const { createWebhookEmitter } =
      require('../adapters/webhook/emitter') as typeof import('../adapters/webhook/emitter');
    return createWebhookEmitter(declaration as WebhookEmitterDeclaration);
  },
};
/* eslint-enable @typescript-eslint/no-require-imports */

/** @throws SelvageError `InvalidConfig` for another kind or wrong options, `MissingPackage` */
export async function openEmitter(declaration: EmitterDeclaration, tools: EmitterTools): Promise<Emitter> {
  const open = ADAPTERS[declaration.kind];
  if (open) return await open(declaration, tools);
  throw new SelvageError(
    'InvalidConfig',
    `The emitter "${declaration.name}" is of a kind (${declaration.kind}) that nothing here delivers. There are: ${Object.keys(ADAPTERS).join(', ')}.`,
    { details: { emitter: declaration.name, kind: declaration.kind, reason: 'WrongValue' } },
  );
}
