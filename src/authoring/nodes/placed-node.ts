import { SelvageError, type ErrorReason } from '../../errors';
import { isObject } from '../../values';
import type { KnotConfig } from '../knot';
import { knotRecord } from '../marks';
import { didYouMean } from '../names';
import { shown } from '../checks';
import { isKnotOption } from '../options';
import type { DefinitionRecord, KnotBody } from '../records';

/** A node that is being placed: makes its definition, and refuses mistakes in its arguments. */
export class PlacedNode<Kind extends string = string> {
  private readonly id: unknown;

  /** @param config the second argument as given */
  constructor(
    readonly kind: Kind,
    config?: unknown,
  ) {
    this.id = (config as Partial<KnotConfig> | null | undefined)?.id;
  }

  /**
   * Makes the definition of a node with functions in place. Such a definition belongs to one knot, by which workers find
   * it. Throws `InvalidConfig` if a callable is no function.
   *
   * @param how `name`: for a form of the node whose function takes other inputs, so that the two are never confused
   */
  definition(
    callables: Readonly<Record<string, unknown>>,
    body: KnotBody,
    how: Pick<Partial<DefinitionRecord>, 'name' | 'node' | 'receives'> = {},
  ): DefinitionRecord {
    const { kind } = this;
    for (const [role, callable] of Object.entries(callables)) {
      if (typeof callable === 'function') continue;
      const remedy = `Give a function: ${kind}({ …, ${role}: (…) => … }, { id: '…' }).`;
      throw this.refusal('MissingPart', `has no "${role}"`, remedy);
    }
    const sources = Object.entries(callables).map(
      ([role, callable]) => `${role}: ${Function.prototype.toString.call(callable)}`,
    );
    const [code = body] = Object.values(callables) as object[];
    return Object.freeze({
      name: `selvage.${kind}`,
      inline: true,
      receives: 'values',
      ...how,
      body,
      code,
      source: sources.join('\n'),
      options: Object.freeze(how.receives === 'outcomes' ? { errorPolicy: 'receiveErrors' as const } : {}),
    });
  }

  /** Refuses a first argument that is not an object or has unknown keys. */
  requireKeys(given: unknown, known: readonly string[]): void {
    const { kind } = this;
    if (!isObject(given) || knotRecord(given)) {
      throw this.refusal(
        'WrongValue',
        `has a first argument that is ${knotRecord(given) ? 'a knot' : shown(given)}`,
        `Give an object: ${kind}({ ${known.join(', ')} }, { id: '…' }), as far as the node needs them.`,
      );
    }
    const key = Object.keys(given).find((name) => !known.includes(name));
    if (key === undefined) return;
    throw this.refusal(
      'UnknownOption',
      `has "${key}" in its first argument, which takes no such thing${didYouMean(key, known)}: it takes ${known.join(', ')}`,
      isKnotOption(key)
        ? `Options of the framework belong in the second argument: ${kind}({ … }, { id: '…', ${key}: … }).`
        : 'Correct or remove it.',
    );
  }

  requireKnot(role: string, given: unknown): void {
    if (knotRecord(given) !== undefined) return;
    throw this.refusal(
      given === undefined ? 'MissingPart' : 'NotAKnot',
      given === undefined ? `has no "${role}"` : `has "${role}", which is ${shown(given)} and no knot`,
      `Give a knot: ${this.kind}({ ${role}: order, … }, { id: '…' }). A value that is known while wiring is a parameter with a default, or the value of a source.`,
    );
  }

  /** Refuses `inputs` without a knot. */
  requireSomeKnot(inputs: unknown): void {
    if (typeof inputs === 'object' && inputs !== null && Object.values(inputs).some(knotRecord)) return;
    throw this.refusal(
      'NotAKnot',
      'has no knot among its inputs',
      `Give at least one: ${this.kind}({ inputs: { a, b }, … }). What depends on constants alone is a knot of its own.`,
    );
  }

  /** Whether a function in place receives outcomes. A definition that receives outcomes has a name of its own. */
  received(receives: unknown): Pick<Partial<DefinitionRecord>, 'name' | 'receives'> {
    if (receives === undefined || receives === 'values') return {};
    if (receives === 'outcomes') return { name: `selvage.${this.kind}.outcomes`, receives };
    throw this.refusal(
      'WrongValue',
      `receives ${shown(receives)}`,
      "Its function receives 'values', which is the default, or 'outcomes'.",
    );
  }

  /** Names the node by its knot, if that has an id. */
  refusal(reason: ErrorReason<'InvalidConfig'>, what: string, remedy: string): SelvageError {
    const { id, kind: node } = this;
    const which = typeof id === 'string' ? ` "${id}"` : '';
    return new SelvageError('InvalidConfig', `The ${node}${which} ${what}. ${remedy}`, {
      details: { node, ...(typeof id === 'string' && { knot: id }), reason },
    });
  }
}
