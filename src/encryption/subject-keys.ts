import { randomBytes } from 'node:crypto';
import { SelvageError } from '../errors';
import type { SubjectKeyRecord, SubjectKeyStore } from '../ports';
import { keyMissing, type Keyring } from './keyring';
import { SealBroken, seal, unseal } from './sealed-form';
import { sealingKey, type SealingKey } from './sealing-key';
import { everyItem } from '../ports/parts/every-item';

const KEY_BYTES = 32;
const SUBJECT_BYTES = 200;
/** The time that a process uses a key without checking that it still exists, and so may read forgotten values. */
const SUBJECT_KEY_MEMORY_MS = 15_000;

interface Known {
  readonly key: Promise<SealingKey | undefined>;
  readonly until: number;
}

/** Random keys of subjects, each stored wrapped by a master key. Deleting the key forgets the subject. */
export class SubjectKeys {
  readonly #known = new Map<string, Known>();
  readonly #tags = new Map<string, SealingKey | 'forgotten'>();
  #tagsUntil = 0;

  constructor(
    private readonly keyring: Keyring,
    private readonly store: SubjectKeyStore,
    private readonly now: () => number = Date.now,
  ) {}

  /** The subject's key, if any. @throws SelvageError `SubjectForgotten`, `KeyMissing`, `BackendUnavailable` */
  find(subject: string): Promise<SealingKey | undefined> {
    return this.#remembered(subject, async () => {
      const record = await this.store.get(subject);
      return record && (await this.#open(record));
    });
  }

  /** Like {@link find}, but makes a key for a subject that has none. */
  async make(subject: string): Promise<SealingKey> {
    const found = await this.find(requireSubject(subject));
    if (found) return found;
    this.#known.delete(subject);
    return (await this.#remembered(subject, async () => {
      const secret = randomBytes(KEY_BYTES);
      const { tag } = sealingKey(secret);
      const wrapped = await this.#wrap(subject, tag, secret);
      const record = { subject, tag, wrapped, createdAt: this.now(), forgottenAt: null };
      // Another process may have added a key first.
      return await this.#open(await this.store.add(record));
    }))!;
  }

  /** Deletes the key. Returns the subject's record, or undefined if the subject never had one. May be repeated. */
  async forget(subject: string): Promise<SubjectKeyRecord | undefined> {
    const record = await this.store.forget(subject, this.now());
    this.#known.delete(subject);
    this.#tags.clear();
    return record;
  }

  /** The key with a tag; undefined if there never was one. @throws SelvageError `KeyMissing`, `BackendUnavailable` */
  async byTag(tag: string): Promise<SealingKey | 'forgotten' | undefined> {
    const now = this.now();
    if (now >= this.#tagsUntil) this.#tags.clear();
    const known = this.#tags.get(tag);
    if (known) return known;
    this.#tagsUntil = now + SUBJECT_KEY_MEMORY_MS;
    for await (const record of this.records())
      this.#tags.set(record.tag, record.wrapped === null ? 'forgotten' : await this.#open(record));
    return this.#tags.get(tag);
  }

  record(subject: string): Promise<SubjectKeyRecord | undefined> {
    return this.store.get(subject);
  }

  records(): AsyncGenerator<SubjectKeyRecord> {
    return everyItem((page) => this.store.list(page));
  }

  /** Wraps all keys with the current master key; returns how many changed. The work may be interrupted and repeated. */
  async rewrap(): Promise<number> {
    const { id } = await this.keyring.current();
    let count = 0;
    for await (const record of this.records()) {
      if (record.wrapped === null || wrapperOf(record.wrapped) === id) continue;
      const wrapped = await this.#wrap(
        record.subject,
        record.tag,
        await this.#unwrap(record, record.wrapped),
      );
      await this.store.rewrap({ ...record, wrapped });
      count += 1;
    }
    return count;
  }

  get technology(): string {
    return this.store.technology;
  }

  close(): Promise<void> {
    return this.store.close();
  }

  #remembered(subject: string, ask: () => Promise<SealingKey | undefined>): Promise<SealingKey | undefined> {
    const now = this.now();
    const known = this.#known.get(subject);
    if (known && now < known.until && known.until <= now + SUBJECT_KEY_MEMORY_MS) return known.key;
    this.#forgetOld(now);
    const key = ask();
    const entry = { key, until: now + SUBJECT_KEY_MEMORY_MS };
    this.#known.set(subject, entry);
    const forgetEntry = (): void => {
      if (this.#known.get(subject) === entry) this.#known.delete(subject);
    };
    // Only existing keys are cached.
    key.then((found) => found ?? forgetEntry(), forgetEntry);
    return key;
  }

  /** A map's oldest entries come first. */
  #forgetOld(now: number): void {
    for (const [subject, { until }] of this.#known) {
      if (until > now) break;
      this.#known.delete(subject);
    }
  }

  async #open(record: SubjectKeyRecord): Promise<SealingKey> {
    if (record.wrapped === null) throw subjectForgotten(record);
    return sealingKey(await this.#unwrap(record, record.wrapped));
  }

  async #wrap(subject: string, tag: string, secret: Uint8Array): Promise<string> {
    const master = await this.keyring.current();
    return `${master.id}:${seal(master, wrapName(subject, tag), secret).toString('base64')}`;
  }

  async #unwrap({ subject, tag }: SubjectKeyRecord, wrapped: string): Promise<Buffer> {
    const id = wrapperOf(wrapped);
    if (!this.keyring.ids.includes(id)) throw keyMissing(id);
    const master = await this.keyring.get(id);
    try {
      return unseal(master, wrapName(subject, tag), Buffer.from(wrapped.slice(id.length + 1), 'base64'));
    } catch (error) {
      if (!(error instanceof SealBroken)) throw error;
      throw new SelvageError(
        'InvalidKey',
        `The key of subject ${JSON.stringify(subject)} does not open with the key "${id}": it was wrapped with another key, ` +
          'or the record was changed. Give the right key under this id.',
        { details: { subject, key: id } },
      );
    }
  }
}

/** @throws SelvageError `InvalidConfig` */
function requireSubject(subject: string): string {
  const isText = typeof subject === 'string' && subject !== '' && !/[\p{Cc}]/u.test(subject);
  if (isText && Buffer.byteLength(subject) <= SUBJECT_BYTES) return subject;
  throw new SelvageError(
    'InvalidConfig',
    `The subject of a run is empty, longer than ${SUBJECT_BYTES} bytes or has control characters. Give a text that stands for one person or customer.`,
    { details: { option: 'subject', reason: 'WrongValue' } },
  );
}

function subjectForgotten({
  subject,
  forgottenAt,
}: Pick<SubjectKeyRecord, 'subject' | 'forgottenAt'>): SelvageError {
  const when = forgottenAt === null ? '' : ` on ${new Date(forgottenAt).toISOString()}`;
  return new SelvageError(
    'SubjectForgotten',
    `Subject ${JSON.stringify(subject)} was forgotten${when}: its values cannot be read any more, and none can be stored for it. Lineage that names ` +
      'them stays. Work for the same person from now on needs another subject.',
    { details: { subject } },
  );
}

function wrapperOf(wrapped: string): string {
  return wrapped.slice(0, wrapped.indexOf(':'));
}

function wrapName(subject: string, tag: string): string {
  return `key of subject ${tag} ${subject}`;
}
