import { partFor } from '../ports/parts/composed-stores';
import { DigestedStream, requireContentHash } from '../ports/parts/content-hash';
import { isWhole } from '../ports/parts/whole';
import { SelvageError } from '../errors';
import {
  READ_TO_KEEP_BYTES,
  type DataStore,
  type Page,
  type PageOptions,
  type PutStreamOptions,
  type StoredEntry,
  type StoredValue,
} from '../ports';
import { Digests } from './digests';
import { isKeyMark, markKey, requireKeysOf } from './key-marks';
import type { Keyring } from './keyring';
import { SealBroken, seal, sealStream, unseal, unsealStream } from './sealed-form';
import type { SealingKey } from './sealing-key';
import { currentScope, type RunScope } from './run-scope';
import type { SubjectKeys } from './subject-keys';
import { isValueHash, requireName, unlessForgotten, ValuePlaces, type Place } from './value-places';

/** The minimum milliseconds between checks for keys that this process lacks, which a missing value triggers. */
const LOOK_AGAIN_MS = 10_000;
export interface SealedDataStoreOptions {
  /** Any data store, which is closed with the sealed one. */
  readonly store: DataStore;
  readonly keyring: Keyring;
  readonly subjects: SubjectKeys;
  /** The digests for streams that are stored outside of any run; without a key if omitted. */
  readonly digests?: Digests;
  /** Subjects with a stored value of this hash, for reads outside of any run; none if omitted. */
  readonly subjectsOf?: (hash: string) => Promise<readonly string[]>;
}

/**
 * Seals values before an inner store keeps them, and opens them when read. The sealing key is the current master key
 * or, in the scope of a run with a subject, that subject's key. Unsealed values and values under older keys are found,
 * too.
 *
 * In the scope of a subject only its own values exist for `has` and `keep`, so that subjects never share values. The
 * reads of a subject fall back to values without a subject. Outside of any run a hash stands for all its values: the
 * method `get` returns any of these values, `has` tells whether there is one, `delete` removes all.
 */
export class SealedDataStore implements DataStore {
  readonly technology: string;
  readonly #store: DataStore;
  readonly #keyring: Keyring;
  readonly #subjects: SubjectKeys;
  readonly #digests: Digests;
  readonly #places: ValuePlaces;
  readonly #marked = new Map<string, Promise<void>>();
  #lookedAt = -Infinity;

  constructor({
    store,
    keyring,
    subjects,
    digests = Digests.none,
    subjectsOf = async () => [],
  }: SealedDataStoreOptions) {
    this.technology = store.technology;
    this.#store = store;
    this.#keyring = keyring;
    this.#subjects = subjects;
    this.#digests = digests;
    this.#places = new ValuePlaces(store, keyring, subjects, subjectsOf);
  }

  /** The store that holds the sealed values. */
  get inner(): DataStore {
    return this.#store;
  }

  /** @throws SelvageError `KeyMissing`, `InvalidKey`: the store has values that this process could not read */
  async requireKeys(): Promise<void> {
    await requireKeysOf(this.#store, await this.#keyring.all());
  }

  async sealed(values: readonly StoredValue[], scope = currentScope()): Promise<StoredValue[]> {
    for (const { hash } of values) requireContentHash(hash);
    if (values.length === 0) return [];
    const key = await this.#keyFor(scope);
    const sealed = values.map(({ hash, bytes }) => {
      const name = requireName(hash, key);
      return { hash: name, bytes: seal(key, name, bytes) };
    });
    await this.#makeRoom(sealed, key);
    return sealed;
  }

  /** Removes damaged values under these names, as the inner store would keep them instead of the new values. */
  async #makeRoom(sealed: readonly StoredValue[], key: SealingKey): Promise<void> {
    // Names are checked only in the part for this size, as the other part may be unreachable.
    const names = new Map<DataStore, string[]>();
    for (const { hash, bytes } of sealed) {
      const part = partFor(this.#store, bytes.byteLength);
      names.set(part, [...(names.get(part) ?? []), hash]);
    }
    for (const [part, hashes] of names) {
      const there = await part.getMany(hashes);
      for (const [name, bytes] of there) if (!opens(key, name, bytes)) await part.delete(name);
    }
  }

  async put(values: readonly StoredValue[]): Promise<void> {
    await this.#store.put(await this.sealed(values));
  }

  async get(hash: string): Promise<Uint8Array | undefined> {
    return (await this.getMany([hash])).get(hash);
  }

  async getMany(hashes: readonly string[]): Promise<Map<string, Uint8Array>> {
    const found = new Map<string, Uint8Array>();
    const wanted = [...new Set(hashes)].filter(isValueHash);
    if (wanted.length === 0) return found;
    const places = new Map<string, Place[]>();
    for (const hash of wanted) places.set(hash, await this.#places.placesOf(hash));
    // All names are not queried at once, which would query the second part of a store for most values, too.
    await this.#read(new Map([...places].map(([hash, all]) => [hash, all.slice(0, 1)])), found);
    await this.#read(
      new Map([...places].filter(([hash]) => !found.has(hash)).map(([hash, all]) => [hash, all.slice(1)])),
      found,
    );
    for (const hash of wanted) {
      if (found.has(hash)) continue;
      await this.#read(new Map([[hash, await this.#places.placesOfSubjects(hash)]]), found);
      if (!found.has(hash)) await this.#lookForKeys();
    }
    return found;
  }

  /**
   * Every copy of these values; outside of any run, of all subjects. A copy of a subject without a record is found if it
   * was {@link list listed} just before.
   */
  async getCopies(hashes: readonly string[]): Promise<Map<string, Uint8Array[]>> {
    const places = new Map<string, Place[]>();
    for (const hash of hashes.filter(isValueHash)) {
      const ofSubjects = await this.#places.placesOfSubjects(hash).catch(unlessForgotten);
      places.set(hash, [...(await this.#places.placesOf(hash)), ...(ofSubjects ?? [])]);
    }
    const read = await this.#store.getMany([...places.values()].flat().map(({ name }) => name));
    return new Map(
      [...places].map(([hash, its]) => [
        hash,
        its.flatMap((place) =>
          read.has(place.name) ? [this.#open(hash, place, read.get(place.name)!)] : [],
        ),
      ]),
    );
  }

  async has(hash: string): Promise<boolean> {
    return (await this.hasMany([hash])).has(hash);
  }

  hasMany(hashes: readonly string[]): Promise<Set<string>> {
    return this.#present(hashes, (names) => this.#store.hasMany(names));
  }

  async keep(hashes: readonly string[]): Promise<Set<string>> {
    const kept = await this.#present(hashes, (names) => this.#store.keep(names));
    for (const hash of kept) if (isValueHash(hash) && !(await this.#isWhole(hash))) kept.delete(hash);
    return kept;
  }

  /** Removes a value that does not open twice, as the inner store would keep it instead of the next value. */
  async #isWhole(hash: string): Promise<boolean> {
    const names = new Set(await this.#places.namesOf(hash));
    for (const { name, key } of [
      ...(await this.#places.placesOf(hash)),
      ...(await this.#places.placesOfSubjects(hash)),
    ]) {
      if (!names.has(name)) continue;
      for (let look = 0; look < 2; look++) {
        const stream = await this.#store.getStream(name);
        if (!stream) break;
        const opened = key ? this.#opened(hash, name, key, stream) : stream;
        if (await isWhole({ getStream: async () => opened }, hash, READ_TO_KEEP_BYTES, isBroken)) return true;
        if (look === 1 && key) await this.#store.delete(name);
      }
    }
    return false;
  }

  async putStream(
    source: AsyncIterable<Uint8Array>,
    _options?: PutStreamOptions,
  ): Promise<{ hash: string; size: number }> {
    const key = await this.#keyFor(currentScope());
    const { ofSha256 } = currentScope()?.digest ?? this.#digests.current;
    const digested = new DigestedStream(source);
    const hashAtEnd = (): string => `bytes-sha256:${ofSha256(digested.sha256)}`;
    const nameAtEnd = (): string => requireName(hashAtEnd(), key);
    const { hash: name } = await this.#store.putStream(sealStream(key, nameAtEnd, digested.pieces()), {
      nameAtEnd,
    });
    if (name !== nameAtEnd()) throw takesNoNames(this.#store);
    return { hash: hashAtEnd(), size: digested.size };
  }

  async getStream(hash: string): Promise<AsyncIterable<Uint8Array> | undefined> {
    if (!isValueHash(hash)) return undefined;
    for (const places of [() => this.#places.placesOf(hash), () => this.#places.placesOfSubjects(hash)]) {
      for (const { name, key } of await places()) {
        const stream = await this.#store.getStream(name);
        if (stream) return key ? this.#opened(hash, name, key, stream) : stream;
      }
    }
    await this.#lookForKeys();
    return undefined;
  }

  async list(options: PageOptions = {}): Promise<Page<StoredEntry>> {
    const page = await this.#store.list(options);
    const keys = await this.#keyring.all();
    const items: StoredEntry[] = [];
    const doubtful: { readonly entry: StoredEntry; readonly better: readonly string[] }[] = [];
    for (const entry of page.items) {
      if (isKeyMark(entry.hash)) continue;
      const told = await this.#places.told(entry, keys);
      const better = this.#places.betterNames(entry.hash, told.hash, keys);
      if (better.length === 0) items.push(told);
      else doubtful.push({ entry: told, better });
    }
    // In the middle of a key rotation a value may exist twice.
    const present = await this.#store.hasMany(doubtful.flatMap(({ better }) => better));
    for (const { entry, better } of doubtful)
      if (!better.some((name) => present.has(name))) items.push(entry);
    return { ...page, items };
  }

  async delete(hash: string): Promise<void> {
    for (const name of await this.#places.namesOf(hash)) await this.#store.delete(name);
  }

  async deleteUnlessPutSince(hashes: readonly string[], since: number): Promise<string[]> {
    const names = new Map<string, readonly string[]>();
    for (const hash of new Set(hashes)) names.set(hash, await this.#places.namesOf(hash));
    const all = [...names.values()].flat();
    if (all.length === 0) return [];
    const deleted = new Set(await this.#store.deleteUnlessPutSince(all, since));
    const left = await this.#store.hasMany(all.filter((name) => !deleted.has(name)));
    return [...names].flatMap(([hash, its]) =>
      its.some((name) => deleted.has(name)) && !its.some((name) => left.has(name)) ? [hash] : [],
    );
  }

  async purge(): Promise<void> {
    await this.#store.purge?.();
  }

  identity(): Promise<string> {
    return this.#store.identity();
  }

  async close(): Promise<void> {
    await this.#store.close();
  }

  /** The key for new values. The key is first marked in the store. */
  async #keyFor(scope: RunScope | undefined): Promise<SealingKey> {
    const master = await this.#keyring.current();
    let marked = this.#marked.get(master.tag);
    if (!marked) {
      marked = markKey(this.#store, master);
      this.#marked.set(master.tag, marked);
      marked.catch(() => this.#marked.delete(master.tag));
    }
    await marked;
    return scope?.subject === undefined ? master : await this.#subjects.make(scope.subject);
  }

  async #read(wanted: ReadonlyMap<string, readonly Place[]>, found: Map<string, Uint8Array>): Promise<void> {
    const names = [...wanted.values()].flat().map(({ name }) => name);
    if (names.length === 0) return;
    const read = await this.#store.getMany(names);
    for (const [hash, places] of wanted) {
      const place = places.find(({ name }) => read.has(name));
      if (place) found.set(hash, this.#open(hash, place, read.get(place.name)!));
    }
  }

  #open(hash: string, { name, key }: Place, bytes: Uint8Array): Uint8Array {
    if (!key) return bytes;
    try {
      // The seal protects the name, which is the encrypted hash. Checking a value's hash would take its digest key.
      return unseal(key, name, bytes);
    } catch (error) {
      throw error instanceof SealBroken ? this.#damaged(hash) : error;
    }
  }

  async *#opened(
    hash: string,
    name: string,
    key: SealingKey,
    sealed: AsyncIterable<Uint8Array>,
  ): AsyncGenerator<Uint8Array> {
    try {
      yield* unsealStream(key, name, sealed);
    } catch (error) {
      throw error instanceof SealBroken ? this.#damaged(hash) : error;
    }
  }

  /** The hashes of values that exist for the current run; outside of any run, for anybody. */
  async #present(
    hashes: readonly string[],
    ask: (names: readonly string[]) => Promise<Set<string>>,
  ): Promise<Set<string>> {
    const names = new Map<string, readonly string[]>();
    for (const hash of new Set(hashes)) names.set(hash, await this.#places.namesOf(hash));
    const found = new Set<string>();
    const look = async (from: number, to?: number): Promise<void> => {
      const asked = [...names].filter(([hash]) => !found.has(hash));
      const all = asked.flatMap(([, its]) => its.slice(from, to));
      const present = all.length > 0 ? await ask(all) : new Set<string>();
      for (const [hash, its] of asked) if (its.some((name) => present.has(name))) found.add(hash);
    };
    // Values are looked for in the same order as for reads.
    await look(0, 1);
    await look(1);
    return found;
  }

  /** A missing value may be sealed with a key that was added since. */
  async #lookForKeys(): Promise<void> {
    const now = performance.now();
    if (now < this.#lookedAt + LOOK_AGAIN_MS) return;
    await this.requireKeys();
    this.#lookedAt = now;
  }

  get #label(): string {
    return `the data store (${this.technology})`;
  }

  #damaged(hash: string): SelvageError {
    return new SelvageError(
      'ValueDamaged',
      `The sealed value ${hash} in ${this.#label} does not open: it was changed, cut off or put in the place of another. Restore it from a backup, or ` +
        'delete it and run again the knot that made it.',
      { details: { hash } },
    );
  }
}

function opens(key: SealingKey, name: string, bytes: Uint8Array): boolean {
  try {
    unseal(key, name, bytes);
    return true;
  } catch (error) {
    if (error instanceof SealBroken) return false;
    throw error;
  }
}

/** A value that is gone is not removed once more: somebody may be putting it again. */
const isBroken = (error: unknown): boolean => SelvageError.is(error, 'ValueDamaged');

function takesNoNames({ technology }: DataStore): SelvageError {
  return new SelvageError(
    'InvalidConfig',
    `The data store (${technology}) does not take sealed streams: its putStream must store under what \`nameAtEnd\` answers.`,
    { details: { technology, reason: 'WrongValue' } },
  );
}
