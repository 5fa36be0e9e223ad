import { SelvageError } from '../errors';

/** Converts instances of one class to data and back. */
export interface ValueCodec<T extends object = any> {
  /** The class's name in stored values, as `class:<name>`. Never change the name once values are stored. */
  readonly name: string;
  /** The class. Each subclass needs a codec of its own. */
  readonly type: abstract new (...args: any[]) => T;
  /** Returns data: plain values, or other values that can be encoded. Equal instances must give equal data. */
  readonly encode: (instance: T) => unknown;
  /** Gets the decoded result of `encode` and must check it: stored data may be older than the code. */
  readonly decode: (data: any) => T;
}

const NAME = /^[A-Za-z][A-Za-z0-9_.:/-]{0,199}$/;
const BUILT_IN: readonly object[] = [Object, Array, Date, Map, Set, Uint8Array].map((type) => type.prototype);

const byName = new Map<string, ValueCodec>();
const byPrototype = new Map<object, ValueCodec>();

/**
 * Lets instances of a class be values. Register the codec where the class is defined, so that all users of such values
 * have registered it. The same codec may be registered again.
 *
 * @throws SelvageError `DuplicateDefinition` if another codec has the name or the class; `InvalidName`;
 *   `InvalidConfig` if `type` is not a class or needs no codec
 */
export function registerValueCodec<T extends object>(codec: ValueCodec<T>): void {
  const { name, type } = codec;
  if (typeof name !== 'string' || !NAME.test(name)) {
    throw new SelvageError(
      'InvalidName',
      `The value codec name ${JSON.stringify(name)} is not valid. Begin with a letter; letters, digits and _ . : / - may follow, 200 characters in all.`,
      { details: { name, reason: typeof name === 'string' ? 'WrongCharacters' : 'NotText' } },
    );
  }
  const prototype: unknown = typeof type === 'function' ? type.prototype : undefined;
  if (typeof prototype !== 'object' || prototype === null || BUILT_IN.includes(prototype)) {
    throw new SelvageError(
      'InvalidConfig',
      `The value codec "${name}" is for something that is not a class of your own. Give the class whose instances it encodes as "type".`,
      { details: { name, reason: 'WrongValue' } },
    );
  }
  const present = byName.get(name) ?? byPrototype.get(prototype);
  if (present !== undefined && !isSame(present, codec)) {
    throw new SelvageError(
      'DuplicateDefinition',
      `The value codec "${name}" for class ${type.name} clashes with "${present.name}" for class ${present.type.name}. Each name and each class has one codec: rename or remove one of the two.`,
      { details: { name, present: present.name } },
    );
  }
  byName.set(name, codec);
  byPrototype.set(prototype, codec);
}

function isSame(a: ValueCodec, b: ValueCodec): boolean {
  return a.name === b.name && a.type === b.type && a.encode === b.encode && a.decode === b.decode;
}

export function codecOfPrototype(prototype: object): ValueCodec | undefined {
  return byPrototype.get(prototype);
}

export function codecNamed(name: string): ValueCodec | undefined {
  return byName.get(name);
}
