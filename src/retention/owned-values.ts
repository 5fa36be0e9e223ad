import { SelvageError } from '../errors';
import type { Backends, RunRecord } from '../protocols';
import { subjectOf } from '../sealing/seal-backends';
import { withSubject } from '../sealing/run-scope';

const AT_A_TIME = 1_000;

/** By hash: the subjects for whom it was stored, as far as the selection tells. */
export type Owned = Map<string, Set<string>>;

export function subjectsIn(owned: Owned, hash: string): Set<string> {
  let subjects = owned.get(hash);
  if (!subjects) owned.set(hash, (subjects = new Set()));
  return subjects;
}

export function addOwner(subjects: Set<string>, run: RunRecord | undefined): void {
  const subject = run && subjectOf(run);
  if (subject !== undefined) subjects.add(subject);
}

/** Which of them are there, for anybody. */
export async function present({ dataStore }: Backends, owned: Owned): Promise<Set<string>> {
  const found = new Set<string>();
  const ask = async (hashes: readonly string[]): Promise<void> => {
    for (let first = 0; first < hashes.length; first += AT_A_TIME)
      for (const hash of await dataStore.hasMany(hashes.slice(first, first + AT_A_TIME))) found.add(hash);
  };
  await ask([...owned.keys()]);
  const bySubject = new Map<string, string[]>();
  for (const [hash, subjects] of owned) {
    if (found.has(hash)) continue;
    for (const subject of subjects) bySubject.set(subject, [...(bySubject.get(subject) ?? []), hash]);
  }
  for (const [subject, hashes] of bySubject) await unlessForgotten(withSubject(subject, () => ask(hashes)));
  return found;
}

/** Wherever it is sealed; outside of any run the data store knows those copies that records name, and not what is in none. */
export async function removeValue(
  { dataStore }: Backends,
  { hash, subjects = [] }: { readonly hash: string; readonly subjects?: readonly string[] },
): Promise<void> {
  await dataStore.delete(hash);
  for (const subject of subjects) await unlessForgotten(withSubject(subject, () => dataStore.delete(hash)));
}

/** What is sealed for who was forgotten is unreadable, and nobody knows its names: the next `gc` removes it. */
async function unlessForgotten(work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!SelvageError.is(error, 'SubjectForgotten')) throw error;
  }
}
