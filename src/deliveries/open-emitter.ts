import { SelvageError } from '../errors';
import type { Emitter, EmitterDeclaration, EmitterKind } from '../emitters';
import type { Logger } from '../authoring';

/** What an adapter is given to make an emitter. */
export interface EmitterTools {
  readonly logger: Logger;
  /** The folder of the project: relative paths of files begin there. */
  readonly projectDir: string;
}

/** Makes the emitter that a declaration describes. Loads the vendor's library only then. */
export type OpenEmitter = (declaration: EmitterDeclaration, tools: EmitterTools) => Promise<Emitter>;

/*
 * An adapter, and the library of its vendor, is loaded where an emitter needs it:
 * kafka: async (declaration, tools) => {
 *   const { createKafkaEmitter } = require('../adapters/kafka/emitter') as typeof import('../adapters/kafka/emitter');
 *   return await createKafkaEmitter(declaration as KafkaEmitterDeclaration, tools);
 * },
 */
const ADAPTERS: Partial<Record<EmitterKind, OpenEmitter>> = {
  own: async (declaration) => declaration.options as Emitter,
};

/** @throws SelvageError `InvalidConfig` for another kind, `MissingPackage`, and what the kind's options may lack */
export async function openEmitter(declaration: EmitterDeclaration, tools: EmitterTools): Promise<Emitter> {
  const open = ADAPTERS[declaration.kind];
  if (open) return await open(declaration, tools);
  throw new SelvageError(
    'InvalidConfig',
    `The emitter "${declaration.name}" is of a kind (${declaration.kind}) that nothing here delivers. There are: ${Object.keys(ADAPTERS).join(', ')}.`,
    { details: { emitter: declaration.name, kind: declaration.kind, reason: 'WrongValue' } },
  );
}
