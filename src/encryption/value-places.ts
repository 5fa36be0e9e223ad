import { LRUCache } from 'lru-cache';
import { SelvageError } from '../errors';
import type { DataStore, StoredEntry } from '../ports';
import { isContentHash, isSealedName } from '../ports/parts/content-hash';
import { isKeyMark, requireKeysOf } from './key-marks';
import type { Keyring } from './keyring';
import { currentScope } from './run-scope';
import { openedSize } from './sealed-form';
import { hashOfName, sealedName, tagOfName } from './sealed-name';
import type { SealingKey } from './sealing-key';
import type { SubjectKeys } from './subject-keys';

/** The limit of subjects' names that are remembered from listings, by which listed values can be deleted. */
const REMEMBERED_NAMES = 50_000;

export interface Place {
  readonly name: string;
  /** The sealing key; absent for a value that was stored before values were sealed. */
  readonly key?: SealingKey;
}

/** The names under which a data store may have a value: sealed with one of the keys, or its plain hash. */
export class ValuePlaces {
  readonly #listed = new LRUCache<string, Set<string>>({ max: REMEMBERED_NAMES });

  /** @param subjectsOf subjects with a stored value of this hash, for reads outside of any run */
  constructor(
    private readonly store: DataStore,
    private readonly keyring: Keyring,
    private readonly subjects: SubjectKeys,
    private readonly subjectsOf: (hash: string) => Promise<readonly string[]>,
  ) {}

  /** The possible places of a value, likeliest first. */
  async placesOf(hash: string): Promise<Place[]> {
    const subject = currentScope()?.subject;
    const own = subject === undefined ? undefined : await this.subjects.find(subject);
    const keys = [...(own ? [own] : []), ...(await this.keyring.all())];
    return [...keys.map((key) => ({ name: requireName(hash, key), key })), { name: hash }];
  }

  /** Outside of any run, the places of all subjects that were listed lately, or have the value on record. */
  async placesOfSubjects(hash: string): Promise<Place[]> {
    if (currentScope()) return [];
    const places = new Map<string, Place>();
    for (const name of this.#listed.get(hash) ?? []) {
      const key = await this.subjects.byTag(tagOfName(name)!);
      if (key && key !== 'forgotten') places.set(name, { name, key });
    }
    let forgotten: SelvageError | undefined;
    for (const subject of await this.subjectsOf(hash)) {
      try {
        const key = await this.subjects.find(subject);
        const name = key && requireName(hash, key);
        if (name) places.set(name, { name, key });
      } catch (error) {
        if (!SelvageError.is(error, 'SubjectForgotten')) throw error;
        forgotten = error;
      }
    }
    if (places.size === 0 && forgotten) throw forgotten;
    return [...places.values()];
  }

  /** The names of a value: in the scope of a subject its own; outside of any run all known ones. */
  async namesOf(hash: string): Promise<string[]> {
    const scope = currentScope();
    // A name may be one that a listing could not open.
    if (isSealedName(hash)) return scope || isKeyMark(hash) ? [] : [hash];
    if (!isContentHash(hash)) return [];
    if (scope?.subject !== undefined) {
      const key = await this.subjects.find(scope.subject);
      return key ? [requireName(hash, key)] : [];
    }
    const names = new Set((await this.placesOf(hash)).map(({ name }) => name));
    if (!scope) {
      for (const name of this.#listed.get(hash) ?? []) names.add(name);
      for (const subject of await this.subjectsOf(hash)) {
        const key = await this.subjects.find(subject).catch(unlessForgotten);
        if (key) names.add(requireName(hash, key));
      }
    }
    return [...names];
  }

  /** Lists an entry of the inner store under the value's hash; under its stored name if the subject was forgotten. */
  async told(entry: StoredEntry, keys: readonly SealingKey[]): Promise<StoredEntry> {
    const { hash: name } = entry;
    const tag = tagOfName(name);
    if (tag === undefined) return entry;
    const size = openedSize(entry.size) ?? entry.size;
    const master = keys.find((key) => key.tag === tag);
    const hash = master ? hashOfName(name, master) : await this.#hashOfSubject(name, tag);
    return { ...entry, hash: hash ?? name, size };
  }

  async #hashOfSubject(name: string, tag: string): Promise<string | undefined> {
    const key = await this.subjects.byTag(tag);
    if (key === 'forgotten') return undefined;
    if (!key) {
      await requireKeysOf(this.store, await this.keyring.all());
      throw this.#noKeyOfSubject(tag);
    }
    const hash = hashOfName(name, key);
    if (hash !== undefined) this.#rememberListed(hash, name);
    return hash;
  }

  #rememberListed(hash: string, name: string): void {
    const names = this.#listed.get(hash) ?? new Set();
    this.#listed.set(hash, names.add(name));
  }

  /** Names of the same value that take precedence over `name`. */
  betterNames(name: string, hash: string, keys: readonly SealingKey[]): string[] {
    if (!isValueHash(hash)) return [];
    const tag = tagOfName(name);
    const at = tag === undefined ? keys.length : keys.findIndex((key) => key.tag === tag);
    return keys.slice(0, Math.max(0, at)).map((key) => requireName(hash, key));
  }

  #noKeyOfSubject(tag: string): SelvageError {
    return new SelvageError(
      'KeyMissing',
      `There are values in the data store (${this.store.technology}) of a subject whose key (${tag}) is not among the keys of subjects (${this.subjects.technology}) of this process. ` +
        'Name the place of the keys that the workers use: SELVAGE_SUBJECT_KEYS.',
      { details: { key: tag } },
    );
  }
}

export function isValueHash(hash: string): boolean {
  return isContentHash(hash) && !isSealedName(hash);
}

export function requireName(hash: string, key: SealingKey): string {
  const name = sealedName(hash, key);
  if (name !== undefined) return name;
  throw new SelvageError(
    'ValueDamaged',
    `Cannot seal a value under ${JSON.stringify(hash)}: it is not a content hash.`,
    { details: { hash } },
  );
}

export function unlessForgotten(error: unknown): undefined {
  if (SelvageError.is(error, 'SubjectForgotten')) return undefined;
  throw error;
}
