import { LRUCache } from 'lru-cache';
import { isContentHash, isSealedName, requireContentHash } from '../adapters/shared/content-hash';
import { digestStream } from '../adapters/shared/digest-stream';
import { SelvageError } from '../errors';
import type { DataStore, Page, PageOptions, PutStreamOptions, StoredEntry, StoredValue } from '../protocols';
import { Digests } from './digests';
import { isKeyMark, markKey, requireKeysOf } from './key-marks';
import type { Keyring } from './keyring';
import { SealBroken, openedSize, seal, sealStream, unseal, unsealStream } from './sealed-form';
import { hashOfName, sealedName, tagOfName } from './sealed-name';
import type { SealingKey } from './sealing-key';
import { currentScope, type RunScope } from './run-scope';
import type { SubjectKeys } from './subject-keys';

/** Milliseconds after which a value that is not found is reason to look again whether keys have come that this process lacks. */
const LOOK_AGAIN_MS = 10_000;
/** Names of subjects' values that a listing has told, and that are remembered for who deletes what was listed. */
const REMEMBERED_NAMES = 50_000;

export interface SealedDataStoreOptions {
  /** Any data store; closed with this one. */
  readonly store: DataStore;
  readonly keyring: Keyring;
  readonly subjects: SubjectKeys;
  /** What streams are hashed with that are stored outside of any run. Default: no key. */
  readonly digests?: Digests;
  /** Subjects for whom a value with this hash was stored: asked where a value is wanted outside of any run. Default: nobody is known. */
  readonly subjectsOf?: (hash: string) => Promise<readonly string[]>;
}

/** Where a value may be: under a name, sealed with a key, or as it is. */
interface Place {
  readonly name: string;
  /** Absent: it is not sealed, from before values were. */
  readonly key?: SealingKey;
}

/**
 * A data store that seals what it is given before another one stores it, and opens what that one has: with the current master key, and within the
 * scope of a run that has a subject with that subject's key. What was stored under an older key, or before values were sealed, is found, too.
 *
 * In the scope of a subject only its own values count as there (`has`, `keep`), so that one subject's values never stand for another's; they are read
 * with those of no subject behind them. Outside of any run a hash stands for all that have it: `get` answers any of them, `has` says whether there is
 * one, `delete` removes all.
 */
export class SealedDataStore implements DataStore {
  readonly technology: string;
  readonly #store: DataStore;
  readonly #keyring: Keyring;
  readonly #subjects: SubjectKeys;
  readonly #digests: Digests;
  readonly #subjectsOf: (hash: string) => Promise<readonly string[]>;
  readonly #marked = new Map<string, Promise<void>>();
  readonly #listed = new LRUCache<string, Set<string>>({ max: REMEMBERED_NAMES });
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
    this.#subjectsOf = subjectsOf;
  }

  /** What holds the sealed values. */
  get inner(): DataStore {
    return this.#store;
  }

  /** @throws SelvageError `KeyMissing`, `InvalidKey`: the store has values that this process could not read */
  async requireKeys(): Promise<void> {
    await requireKeysOf(this.#store, await this.#keyring.all());
  }

  /** The values as the store below is to have them. */
  async sealed(values: readonly StoredValue[], scope = currentScope()): Promise<StoredValue[]> {
    for (const { hash } of values) requireContentHash(hash);
    if (values.length === 0) return [];
    const key = await this.#keyFor(scope);
    return values.map(({ hash, bytes }) => {
      const name = requireName(hash, key);
      return { hash: name, bytes: seal(key, name, bytes) };
    });
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
    for (const hash of wanted) places.set(hash, await this.#places(hash));
    await this.#read(places, found);
    for (const hash of wanted) {
      if (found.has(hash)) continue;
      await this.#read(new Map([[hash, await this.#placesOfSubjects(hash)]]), found);
      if (!found.has(hash)) await this.#lookForKeys();
    }
    return found;
  }

  async has(hash: string): Promise<boolean> {
    return (await this.hasMany([hash])).has(hash);
  }

  hasMany(hashes: readonly string[]): Promise<Set<string>> {
    return this.#present(hashes, (names) => this.#store.hasMany(names));
  }

  keep(hashes: readonly string[]): Promise<Set<string>> {
    return this.#present(hashes, (names) => this.#store.keep(names));
  }

  async putStream(
    source: AsyncIterable<Uint8Array>,
    _options?: PutStreamOptions,
  ): Promise<{ hash: string; size: number }> {
    const key = await this.#keyFor(currentScope());
    const { ofSha256 } = currentScope()?.digest ?? this.#digests.current;
    const digest = digestStream(source, ofSha256);
    const nameAtEnd = (): string => requireName(digest.hash(), key);
    const { hash: name } = await this.#store.putStream(sealStream(key, nameAtEnd, digest.pieces), {
      nameAtEnd,
    });
    if (name !== nameAtEnd()) throw takesNoNames(this.#store);
    return { hash: digest.hash(), size: digest.size() };
  }

  async getStream(hash: string): Promise<AsyncIterable<Uint8Array> | undefined> {
    if (!isValueHash(hash)) return undefined;
    for (const places of [() => this.#places(hash), () => this.#placesOfSubjects(hash)]) {
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
      const told = await this.#told(entry, keys);
      const better = this.#betterNames(entry.hash, told.hash, keys);
      if (better.length === 0) items.push(told);
      else doubtful.push({ entry: told, better });
    }
    // In the middle of a rotation a value may be there twice.
    const present = await this.#store.hasMany(doubtful.flatMap(({ better }) => better));
    for (const { entry, better } of doubtful)
      if (!better.some((name) => present.has(name))) items.push(entry);
    return { ...page, items };
  }

  async delete(hash: string): Promise<void> {
    for (const name of await this.#namesOf(hash)) await this.#store.delete(name);
  }

  async deleteUnlessPutSince(hashes: readonly string[], since: number): Promise<string[]> {
    const names = new Map<string, readonly string[]>();
    for (const hash of new Set(hashes)) names.set(hash, await this.#namesOf(hash));
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

  /** What new values are sealed with; the store says first that it has values of it. */
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

  /** Where a value may be that is to be read, likeliest first. */
  async #places(hash: string): Promise<Place[]> {
    const subject = currentScope()?.subject;
    const own = subject === undefined ? undefined : await this.#subjects.find(subject);
    const keys = [...(own ? [own] : []), ...(await this.#keyring.all())];
    return [...keys.map((key) => ({ name: requireName(hash, key), key })), { name: hash }];
  }

  /** Outside of any run, nothing says whose value is meant. */
  async #placesOfSubjects(hash: string): Promise<Place[]> {
    if (currentScope()) return [];
    const places: Place[] = [];
    let forgotten: SelvageError | undefined;
    for (const subject of await this.#subjectsOf(hash)) {
      try {
        const key = await this.#subjects.find(subject);
        if (key) places.push({ name: requireName(hash, key), key });
      } catch (error) {
        if (!SelvageError.is(error, 'SubjectForgotten')) throw error;
        forgotten = error;
      }
    }
    if (places.length === 0 && forgotten) throw forgotten;
    return places;
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
      // The seal vouches for the name, and the name is the hash, encrypted: a check by the hash would need the digest key that it was made with.
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

  /** Which are there for whom the present run works; outside of any run, for anybody. */
  async #present(
    hashes: readonly string[],
    ask: (names: readonly string[]) => Promise<Set<string>>,
  ): Promise<Set<string>> {
    const names = new Map<string, readonly string[]>();
    for (const hash of new Set(hashes)) names.set(hash, await this.#namesOf(hash));
    const all = [...names.values()].flat();
    const present = all.length > 0 ? await ask(all) : new Set<string>();
    return new Set([...names.keys()].filter((hash) => names.get(hash)!.some((name) => present.has(name))));
  }

  /** Names that a value has: in the scope of a subject its own; outside of any run all that are known. */
  async #namesOf(hash: string): Promise<string[]> {
    const scope = currentScope();
    // What a listing could not open.
    if (isSealedName(hash)) return scope || isKeyMark(hash) ? [] : [hash];
    if (!isContentHash(hash)) return [];
    if (scope?.subject !== undefined) {
      const key = await this.#subjects.find(scope.subject);
      return key ? [requireName(hash, key)] : [];
    }
    const names = new Set((await this.#places(hash)).map(({ name }) => name));
    if (!scope) {
      for (const name of this.#listed.get(hash) ?? []) names.add(name);
      for (const subject of await this.#subjectsOf(hash)) {
        const key = await this.#subjects.find(subject).catch(unlessForgotten);
        if (key) names.add(requireName(hash, key));
      }
    }
    return [...names];
  }

  /** An entry of the store below, by the hash of the value. One whose subject was forgotten has no hash any more, and keeps its name. */
  async #told(entry: StoredEntry, keys: readonly SealingKey[]): Promise<StoredEntry> {
    const { hash: name } = entry;
    const tag = tagOfName(name);
    if (tag === undefined) return entry;
    const size = openedSize(entry.size) ?? entry.size;
    const master = keys.find((key) => key.tag === tag);
    const hash = master ? hashOfName(name, master) : await this.#hashOfSubject(name, tag);
    return { ...entry, hash: hash ?? name, size };
  }

  async #hashOfSubject(name: string, tag: string): Promise<string | undefined> {
    const key = await this.#subjects.byTag(tag);
    if (key === 'forgotten') return undefined;
    if (!key) {
      await this.requireKeys();
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

  /** Names of the same value that count before this one. */
  #betterNames(name: string, hash: string, keys: readonly SealingKey[]): string[] {
    if (!isValueHash(hash)) return [];
    const tag = tagOfName(name);
    const at = tag === undefined ? keys.length : keys.findIndex((key) => key.tag === tag);
    return keys.slice(0, Math.max(0, at)).map((key) => requireName(hash, key));
  }

  /** What is not found may be sealed with a key that has come since. */
  async #lookForKeys(): Promise<void> {
    const now = performance.now();
    if (now < this.#lookedAt + LOOK_AGAIN_MS) return;
    await this.requireKeys();
    this.#lookedAt = now;
  }

  #noKeyOfSubject(tag: string): SelvageError {
    return new SelvageError(
      'KeyMissing',
      `There are values in ${this.#label} of a subject whose key (${tag}) is not among the keys of subjects (${this.#subjects.technology}) of this process. ` +
        'Name the place of the keys that the workers use: SELVAGE_SUBJECT_KEYS.',
      { details: { key: tag } },
    );
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

function isValueHash(hash: string): boolean {
  return isContentHash(hash) && !isSealedName(hash);
}

function requireName(hash: string, key: SealingKey): string {
  const name = sealedName(hash, key);
  if (name !== undefined) return name;
  throw new SelvageError(
    'ValueDamaged',
    `Cannot seal a value under ${JSON.stringify(hash)}: it is not a content hash.`,
    {
      details: { hash },
    },
  );
}

function unlessForgotten(error: unknown): undefined {
  if (SelvageError.is(error, 'SubjectForgotten')) return undefined;
  throw error;
}

function takesNoNames({ technology }: DataStore): SelvageError {
  return new SelvageError(
    'InvalidConfig',
    `The data store (${technology}) does not take sealed streams: its putStream must store under what \`nameAtEnd\` answers.`,
    { details: { technology, reason: 'WrongValue' } },
  );
}
