import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import { fileURLToPath } from 'node:url';
import { FolderSubjectKeyStore } from '../adapters/disk';
import { InMemorySubjectKeyStore } from '../adapters/memory';
import { SelvageError } from '../errors';
import { projectFolder } from '../node/project-folder';
import type { SubjectKeyStore } from '../ports';
import { Digests, type DigestKey } from './digests';
import { Keyring, type KeySource } from './keyring';
import { invalidKey } from './sealing-key';
import { SubjectKeys } from './subject-keys';

export interface EncryptionOptions {
  /**
   * Master keys as `id:base64,id2:base64`, each 32 bytes; or an object that holds the keys. The first key seals new
   * data; each of them opens data.
   */
  readonly keys: string | KeySource;
  /**
   * Keys for the hashes of values, so that nobody without them can check a guessed value by its hash. Default: none.
   * The keys are `id:base64,id2:base64`, each 32 bytes, or a list; no key source, as every hash needs them. The first
   * key hashes new runs; runs that began with another key are accepted, too. The id `plain` stands for no key.
   */
  readonly digestKeys?: string | readonly (DigestKey | 'plain')[];
  /**
   * The store of subjects' keys as `file:FOLDER`, `memory:`, or an object. Default: `file:.selvage/subject-keys`. Keep
   * the subjects' keys out of backups of the values.
   */
  readonly subjectKeys?: string | SubjectKeyStore;
  /** Whether everything in Temporal's history is sealed, too. Default true. */
  readonly payloads?: boolean;
  /** The base of relative paths. The default is the project's folder, as for `openBackends`. */
  readonly projectDir?: string;
}

/** The keys of a process, for its data store and its payloads to Temporal. */
export interface Encryption {
  readonly keyring: Keyring;
  /** The keys for the hashes of values. */
  readonly digests: Digests;
  readonly subjects: SubjectKeys;
  readonly payloads: boolean;
}

const DEFAULT_SUBJECT_KEYS = `file:${path.join('.selvage', 'subject-keys')}`;

/** @throws SelvageError `InvalidKey`, `InvalidUrl` */
export function createEncryption({
  keys,
  digestKeys,
  subjectKeys = DEFAULT_SUBJECT_KEYS,
  payloads = true,
  projectDir,
}: EncryptionOptions): Encryption {
  const keyring = typeof keys === 'string' ? Keyring.parse(keys) : new Keyring(keys);
  const store =
    typeof subjectKeys === 'string' ? openSubjectKeys(subjectKeys, projectFolder(projectDir)) : subjectKeys;
  const digests = digestKeys === undefined ? Digests.none : Digests.of(digestKeys);
  return { keyring, digests, subjects: new SubjectKeys(keyring, store), payloads };
}

/**
 * Reads the keys from `SELVAGE_KEYS`, or the file named by `SELVAGE_KEY_FILE`. The result is undefined without keys:
 * then nothing is sealed. The variables `SELVAGE_DIGEST_KEYS` or `SELVAGE_DIGEST_KEY_FILE`, `SELVAGE_SUBJECT_KEYS` and
 * `SELVAGE_SEAL_PAYLOADS=no` are read, too.
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
  const keysOf = (variable: string, fileVariable: string): string | undefined => {
    const file = environment[fileVariable];
    const said = environment[variable];
    if (said && file) throw invalidKey(`Both ${variable} and ${fileVariable} are set. Set one of them.`);
    return file
      ? readKeyFile(path.resolve(projectFolder(projectDir), file), fileVariable)
      : said || undefined;
  };
  const keys = keysOf('SELVAGE_KEYS', 'SELVAGE_KEY_FILE');
  const digestKeys = keysOf('SELVAGE_DIGEST_KEYS', 'SELVAGE_DIGEST_KEY_FILE');
  if (!keys && digestKeys)
    throw invalidKey(
      'There are digest keys (SELVAGE_DIGEST_KEYS or SELVAGE_DIGEST_KEY_FILE) and no keys to seal values with, which anybody could read then. Set SELVAGE_KEYS, too.',
    );
  if (!keys) return undefined;
  const subjectKeys = environment['SELVAGE_SUBJECT_KEYS'];
  return createEncryption({
    keys,
    payloads: environment['SELVAGE_SEAL_PAYLOADS'] !== 'no',
    ...(digestKeys !== undefined && { digestKeys }),
    ...(subjectKeys && { subjectKeys }),
    ...(projectDir !== undefined && { projectDir }),
  });
}

function readKeyFile(file: string, variable: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw invalidKey(
      `The file ${file}, which ${variable} names, cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'}).`,
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
