import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, readFile, readdir, rename, rm } from 'node:fs/promises';
import * as path from 'node:path';
import { SelvageError } from '../../errors';
import type { Page, PageOptions, SubjectKeyRecord, SubjectKeyStore } from '../../ports';
import { folderError } from '../../node/folder-error';
import { pageByText } from '../../ports/parts/pages';
import { flushFolder, linkUnlessThere, unlessMissing } from './file-errors';

const PLACE = /^([0-9a-f]{64})\.(?:key|forgotten)$/;

export interface FolderSubjectKeyStoreOptions {
  /** The folder is created at the first use if missing. Several processes may use one folder at once. */
  readonly folder: string;
}

/** A subject's file is `….key` while its values can be read, then `….forgotten`, which counts if both exist. */
export class FolderSubjectKeyStore implements SubjectKeyStore {
  readonly technology = 'folder';
  readonly #folder: string;

  constructor({ folder }: FolderSubjectKeyStoreOptions) {
    this.#folder = path.resolve(folder);
  }

  get(subject: string): Promise<SubjectKeyRecord | undefined> {
    return this.#using(() => this.#read(placeOf(subject)));
  }

  add(record: SubjectKeyRecord): Promise<SubjectKeyRecord> {
    return this.#using(async () => {
      const place = placeOf(record.subject);
      const standing = await this.#read(place);
      if (standing) return standing;
      await this.#write(record, (temporary) => linkUnlessThere(temporary, this.#file(place, 'key')));
      return (await this.#read(place))!;
    });
  }

  rewrap(record: SubjectKeyRecord): Promise<void> {
    return this.#using(async () => {
      const place = placeOf(record.subject);
      const standing = await this.#read(place);
      if (standing?.tag !== record.tag || standing.wrapped === null) return;
      await this.#write(record, (temporary) => rename(temporary, this.#file(place, 'key')));
      // A subject that was forgotten meanwhile must not return: reading removes the key.
      await this.#read(place);
    });
  }

  forget(subject: string, at: number): Promise<SubjectKeyRecord | undefined> {
    return this.#using(async () => {
      const place = placeOf(subject);
      const standing = await this.#read(place);
      if (!standing || standing.wrapped === null) return standing;
      const forgotten = { ...standing, wrapped: null, forgottenAt: at };
      await this.#write(forgotten, (temporary) => rename(temporary, this.#file(place, 'forgotten')));
      return await this.#read(place);
    });
  }

  list(options: PageOptions = {}): Promise<Page<SubjectKeyRecord>> {
    return this.#using(async () => {
      const names = await unlessMissing(() => readdir(this.#folder));
      const places = [...new Set((names ?? []).flatMap((name) => PLACE.exec(name)?.[1] ?? []))];
      const { items, ...page } = pageByText(places, (place) => place, options);
      const records = await Promise.all(items.map((place) => this.#read(place)));
      return { ...page, items: records.filter((record) => record !== undefined) };
    });
  }

  async close(): Promise<void> {}

  async #read(place: string): Promise<SubjectKeyRecord | undefined> {
    const forgotten = await this.#parse(this.#file(place, 'forgotten'));
    if (!forgotten) return await this.#parse(this.#file(place, 'key'));
    await rm(this.#file(place, 'key'), { force: true });
    return forgotten;
  }

  async #parse(file: string): Promise<SubjectKeyRecord | undefined> {
    const text = await unlessMissing(() => readFile(file, 'utf8'));
    if (text === undefined) return undefined;
    try {
      const record = JSON.parse(text) as SubjectKeyRecord;
      if (typeof record.tag === 'string') return record;
      throw new TypeError('no record');
    } catch {
      throw new SelvageError(
        'BackendUnavailable',
        `The file ${file} of the keys of subjects is damaged. Bring it back from a copy of the folder; without it, the values of its subject are unreadable.`,
        { details: { path: file } },
      );
    }
  }

  /** Writes and flushes a temporary file, which `name` then links as the record. */
  async #write(record: SubjectKeyRecord, name: (temporary: string) => Promise<unknown>): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const temporary = path.join(this.#folder, `.${randomUUID()}`);
    try {
      const file = await open(temporary, 'wx', 0o600);
      try {
        await file.writeFile(JSON.stringify(record));
        await file.sync();
      } finally {
        await file.close();
      }
      await name(temporary);
      await flushFolder(this.#folder);
    } finally {
      await rm(temporary, { force: true });
    }
  }

  #file(place: string, kind: 'key' | 'forgotten'): string {
    return path.join(this.#folder, `${place}.${kind}`);
  }

  async #using<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (SelvageError.is(error)) throw error;
      const told = folderError(error, this.#folder);
      if (told.code === 'DiskFull') throw told;
      throw new SelvageError(
        'BackendUnavailable',
        `The folder ${this.#folder} of the keys of subjects cannot be used (${(error as Error).message}).`,
        { details: { path: this.#folder }, cause: error },
      );
    }
  }
}

/** File names contain a digest, because a subject may be any text and a file name may not. */
function placeOf(subject: string): string {
  return createHash('sha256').update(subject).digest('hex');
}
