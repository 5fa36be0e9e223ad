import { hashOfName, valueName } from '../../ports/parts/content-hash';

/**
 * The keys in the bucket, below the prefix:
 *
 * - `values/ab/<kind of hash>-abcd…`: a value, or an empty object whose metadata names the stream of a large one;
 * - `streams/<id>`: the bytes of a large value, whose hash is known after the upload only, and S3 cannot rename;
 * - `uploading/<id>`: a stream that may not have its value yet; the text is the hash, once it is known;
 * - `deleting/<kind of hash>-abcd…/<id>` or `…/<id>/<stream>`: the note of a deletion of that value, and its stream;
 * - `identity`.
 */
export class ObjectKeys {
  readonly #prefix: string;

  /** @param prefix `''`, or without a slash at either end */
  constructor(prefix: string) {
    this.#prefix = prefix === '' ? '' : `${prefix}/`;
  }

  get identity(): string {
    return `${this.#prefix}identity`;
  }

  get values(): string {
    return `${this.#prefix}values/`;
  }

  get streams(): string {
    return `${this.#prefix}streams/`;
  }

  get uploads(): string {
    return `${this.#prefix}uploading/`;
  }

  get deletions(): string {
    return `${this.#prefix}deleting/`;
  }

  value(hash: string): string {
    const name = valueName(hash);
    return `${this.values}${name.slice(-64, -62)}/${name}`;
  }

  stream(id: string): string {
    return `${this.streams}${id}`;
  }

  upload(id: string): string {
    return `${this.uploads}${id}`;
  }

  deletionsOf(hash: string): string {
    return `${this.deletions}${valueName(hash)}/`;
  }

  deletion(hash: string, id: string, stream: string | undefined): string {
    return `${this.deletionsOf(hash)}${id}${stream === undefined ? '' : `/${stream}`}`;
  }
}

/** Returns undefined for foreign keys. */
export function hashOfValue(key: string): string | undefined {
  return hashOfName(key.slice(key.lastIndexOf('/') + 1));
}

export interface Deletion {
  readonly key: string;
  readonly hash: string;
  readonly stream: string | undefined;
}

export function deletionOf(key: string, folder: string): Deletion | undefined {
  const [name, , stream] = key.slice(folder.length).split('/');
  const hash = hashOfName(name);
  return hash === undefined ? undefined : { key, hash, stream };
}
