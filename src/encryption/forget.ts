import { SelvageError } from '../errors';
import type { Backends, RunHistory, RunRecord, SubjectKeyRecord } from '../ports';
import { encryptionOf, subjectOf } from './seal-backends';
import { everyItem } from '../ports/parts/every-item';

/** The recorded runs of a subject, newest first. Reads all runs. */
export async function runsOfSubject(runHistory: RunHistory, subject: string): Promise<RunRecord[]> {
  const runs: RunRecord[] = [];
  for await (const run of everyItem((page) => runHistory.listRuns(page)))
    if (subjectOf(run) === subject) runs.push(run);
  return runs;
}

export interface ForgetOptions {
  /** Whether to forget even if runs of the subject are unfinished; their later reads and writes fail. Default false. */
  readonly force?: boolean;
}

/**
 * Deletes the key of a subject, which makes everything sealed with it unreadable for good, in every copy. Lineage and
 * the record of the key stay. A process that has the key in memory may use it for 15 more seconds. May be repeated.
 *
 * @throws SelvageError `UnknownSubject`, `SubjectInUse`, `KeyMissing` (there are no keys here), `BackendUnavailable`
 */
export async function forgetSubject(
  backends: Backends,
  subject: string,
  { force = false }: ForgetOptions = {},
): Promise<SubjectKeyRecord> {
  const encryption = encryptionOf(backends);
  if (!encryption) {
    throw new SelvageError(
      'KeyMissing',
      'Subjects have keys where values are sealed, and this process has no keys: set SELVAGE_KEYS, and SELVAGE_SUBJECT_KEYS where the workers have it.',
    );
  }
  const record = await encryption.subjects.record(subject);
  if (!record) throw unknownSubject(subject, encryption.subjects.technology);
  const running = force
    ? []
    : (await runsOfSubject(backends.runHistory, subject)).filter(({ status }) => status === 'running');
  if (running.length > 0) throw subjectInUse(subject, running);
  return (await encryption.subjects.forget(subject)) ?? record;
}

function unknownSubject(subject: string, technology: string): SelvageError {
  return new SelvageError(
    'UnknownSubject',
    `No key of subject ${JSON.stringify(subject)} is among the keys of subjects (${technology}): nothing was stored for it, or they are elsewhere: see SELVAGE_SUBJECT_KEYS.`,
    { details: { subject } },
  );
}

function subjectInUse(subject: string, running: readonly RunRecord[]): SelvageError {
  const ids = running.map(({ run_id }) => run_id);
  return new SelvageError(
    'SubjectInUse',
    `Runs of subject ${JSON.stringify(subject)} still work: ${ids.slice(0, 10).join(', ')}${ids.length > 10 ? ` and ${ids.length - 10} more` : ''}. ` +
      'Cancel them or wait for their end (`selvage runs list` compares what says running with the server), or force it: then they fail.',
    { details: { subject, runs: ids } },
  );
}
