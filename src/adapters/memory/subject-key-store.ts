import type { Page, PageOptions, SubjectKeyRecord, SubjectKeyStore } from '../../ports';
import { pageByText } from '../../ports/parts/pages';

/** Keys of subjects in this process's memory, for tests: without them, sealed values stay unreadable. */
export class InMemorySubjectKeyStore implements SubjectKeyStore {
  readonly technology = 'memory';
  readonly #records = new Map<string, SubjectKeyRecord>();

  async get(subject: string): Promise<SubjectKeyRecord | undefined> {
    return this.#records.get(subject);
  }

  async add(record: SubjectKeyRecord): Promise<SubjectKeyRecord> {
    const standing = this.#records.get(record.subject);
    if (standing) return standing;
    this.#records.set(record.subject, record);
    return record;
  }

  async rewrap(record: SubjectKeyRecord): Promise<void> {
    const { tag, wrapped } = this.#records.get(record.subject) ?? {};
    if (tag === record.tag && wrapped !== null) this.#records.set(record.subject, record);
  }

  async forget(subject: string, at: number): Promise<SubjectKeyRecord | undefined> {
    const standing = this.#records.get(subject);
    if (!standing || standing.wrapped === null) return standing;
    const forgotten = { ...standing, wrapped: null, forgottenAt: at };
    this.#records.set(subject, forgotten);
    return forgotten;
  }

  async list(options: PageOptions = {}): Promise<Page<SubjectKeyRecord>> {
    return pageByText([...this.#records.values()], ({ subject }) => subject, options);
  }

  async close(): Promise<void> {}
}
