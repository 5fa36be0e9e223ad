import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import { fileURLToPath } from 'node:url';
import { FolderSubjectKeyStore } from '../adapters/subject-key-stores/folder';
import { InMemorySubjectKeyStore } from '../adapters/subject-key-stores/in-memory';
import { SelvageError } from '../errors';
import type { SubjectKeyStore } from '../protocols';
import { Keyring, type KeySource } from './keyring';
import { invalidKey } from './sealing-key';
import { SubjectKeys } from './subject-keys';

export interface EncryptionOptions {
  /** `id:base64,id2:base64`, each 32 bytes; or who holds the keys. The first seals what is new, the others open what was sealed before. */
  readonly keys: string | KeySource;
  /** `file:FOLDER`, `memory:`, or one that you have made. Default: `file:.selvage/subject-keys`. To be backed up apart from the values, if at all. */
  readonly subjectKeys?: string | SubjectKeyStore;
  /** Whether what goes into Temporal's history is sealed, too. Default true. */
  readonly payloads?: boolean;
  /** What relative paths are relative to. Default: the working directory. */
  readonly projectDir?: string;
}

/** The keys of a process: for its data store and for what it sends to Temporal. */
export interface Encryption {
  readonly keyring: Keyring;
  readonly subjects: SubjectKeys;
  readonly payloads: boolean;
}

const DEFAULT_SUBJECT_KEYS = `file:${path.join('.selvage', 'subject-keys')}`;

/** @throws SelvageError `InvalidKey`, `InvalidUrl` */
export function createEncryption({
  keys,
  subjectKeys = DEFAULT_SUBJECT_KEYS,
  payloads = true,
  projectDir = process.cwd(),
}: EncryptionOptions): Encryption {
  const keyring = typeof keys === 'string' ? Keyring.parse(keys) : new Keyring(keys);
  const store = typeof subjectKeys === 'string' ? openSubjectKeys(subjectKeys, projectDir) : subjectKeys;
  return { keyring, subjects: new SubjectKeys(keyring, store), payloads };
}

/**
 * What the environment says: keys in `SELVAGE_KEYS`, or in the file that `SELVAGE_KEY_FILE` names; `SELVAGE_SUBJECT_KEYS`; and
 * `SELVAGE_SEAL_PAYLOADS=no`. Undefined where no keys are given: then nothing is sealed.
 *
 * @throws SelvageError `InvalidKey`, `InvalidUrl`
 */
export function encryptionFromEnvironment({
  environment = process.env,
  projectDir,
}: {
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly projectDir?: string;
} = {}): Encryption | undefined {
  const file = environment['SELVAGE_KEY_FILE'];
  const said = environment['SELVAGE_KEYS'];
  if (said && file) throw invalidKey('Both SELVAGE_KEYS and SELVAGE_KEY_FILE are set. Set one of them.');
  const keys = file ? readKeyFile(path.resolve(projectDir ?? process.cwd(), file)) : said;
  if (!keys) return undefined;
  const subjectKeys = environment['SELVAGE_SUBJECT_KEYS'];
  return createEncryption({
    keys,
    payloads: environment['SELVAGE_SEAL_PAYLOADS'] !== 'no',
    ...(subjectKeys && { subjectKeys }),
    ...(projectDir !== undefined && { projectDir }),
  });
}

function readKeyFile(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw invalidKey(
      `The file ${file}, which SELVAGE_KEY_FILE names, cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'}).`,
    );
  }
}

function openSubjectKeys(url: string, projectDir: string): SubjectKeyStore {
  if (url === 'memory:') return new InMemorySubjectKeyStore();
  const folder = url.startsWith('file:') ? url.slice('file:'.length) : '';
  if (folder === '') {
    throw new SelvageError(
      'InvalidUrl',
      `"${url.slice(0, Math.max(0, url.indexOf(':')))}:…" is not a place for the keys of subjects. It can be file:FOLDER, memory:.`,
      { details: { port: 'subject keys' } },
    );
  }
  const resolved = folder.startsWith('//') ? fileURLToPath(url) : path.resolve(projectDir, folder);
  return new FolderSubjectKeyStore({ folder: resolved });
}
