import { shown } from '../authoring/checks';
import { declareEmitter, type EmitterDeclaration, type EmitterOptions } from './declaration';
import type { Emitter } from './emitter';
import { readEmitterOptions } from './emitter-options';

/** An emitter, or its `deliver` alone. */
export type CustomEmitter = Emitter | Emitter['deliver'];

export type CustomEmitterDeclaration = EmitterDeclaration<'custom', Emitter>;

/**
 * Your own emitter: a function, or an object with `deliver` and optional `live` and `close`.
 *
 * @throws SelvageError `InvalidName`, `InvalidConfig`
 */
export function emitter(
  name: string,
  deliver: CustomEmitter,
  options: Omit<EmitterOptions, 'name'> = {},
): CustomEmitterDeclaration {
  const { common, refuse } = readEmitterOptions<object>('custom', { ...options, name }, {}, {});
  const made: unknown = typeof deliver === 'function' ? { deliver } : deliver;
  if (typeof (made as Partial<Emitter> | null | undefined)?.deliver !== 'function')
    throw refuse(
      'deliver',
      `must be a function, or an object that has one as "deliver", and is ${shown(deliver)}`,
    );
  const { live } = made as Partial<Emitter>;
  if (live !== undefined && typeof live !== 'function')
    throw refuse('live', `must be a function, and is ${shown(live)}`);
  return declareEmitter({ kind: 'custom', ...common, options: made as Emitter });
}
