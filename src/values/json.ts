import { SelvageError } from '../errors';
import { classNameOf, kindOf } from './kinds';
import { formatPath, type Step } from './path';
import { isWellFormed, setOwn, SortedTree, sortKeys } from './sorted-tree';

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

/**
 * The RFC 8785 text of a JSON tree: no white space, keys in order of UTF-16 units, ECMAScript's numbers. Tags are
 * not interpreted: encode values with `encodeValue`. Throws `NotEncodable`, with the path, for other values than
 * JSON (undefined, NaN, a lone surrogate, …).
 */
export function canonicalJson(json: Json): string {
  const copier = new JsonCopier();
  try {
    return copier.tree.print(copier.copy(json));
  } catch (error) {
    throw SelvageError.is(error) ? error : copier.failure(error);
  }
}

/** Copies and checks a JSON tree, with sorted keys. */
class JsonCopier {
  readonly tree = new SortedTree();
  private readonly steps: Step[] = [];

  copy(json: Json): Json {
    switch (typeof json) {
      case 'string':
        return isWellFormed(json) ? json : this.refuse('it has a lone surrogate');
      case 'number':
        return Number.isFinite(json) ? json : this.refuse(`it is ${json}`);
      case 'boolean':
        return json;
      case 'object':
        if (json === null) return json;
        return Array.isArray(json) ? this.copyArray(json) : this.copyObject(json);
      default:
        return this.refuse(`it is of type ${typeof json}`);
    }
  }

  failure(cause: unknown): SelvageError {
    return this.error('it is too large, nested too deeply, or contains itself', cause);
  }

  private copyArray(array: readonly Json[]): Json {
    const { mark } = this.tree;
    const copy: Json[] = [];
    for (let i = 0; i < array.length; i++) {
      this.steps.push(i);
      copy.push(this.copy(array[i]!));
      this.steps.pop();
    }
    return this.tree.add(copy, mark);
  }

  private copyObject(object: JsonObject): Json {
    if (kindOf(object, Object.getPrototypeOf(object) as object | null) !== 'plain') {
      this.refuse(`it is an instance of ${classNameOf(object)}`);
    }
    const { mark } = this.tree;
    const copy: JsonObject = {};
    const keys = sortKeys(Object.keys(object));
    for (const key of keys) {
      this.steps.push(key);
      if (!isWellFormed(key)) this.refuse('its key has a lone surrogate');
      setOwn(copy, key, this.copy(object[key]!));
      this.steps.pop();
    }
    return this.tree.addObject(copy, keys, mark);
  }

  private refuse(reason: string): never {
    throw this.error(reason);
  }

  private error(reason: string, cause?: unknown): SelvageError {
    const path = formatPath(this.steps);
    return new SelvageError(
      'NotEncodable',
      `The JSON at ${path} has no canonical form: ${reason}. Encode values with encodeValue() or encodeJson() first.`,
      { details: { path }, cause },
    );
  }
}
