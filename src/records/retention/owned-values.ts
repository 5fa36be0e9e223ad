import { SelvageError } from '../../errors';
import type { Backends, RunRecord } from '../../ports';
import { subjectOf } from '../../encryption/seal-backends';
import { withSubject } from '../../encryption/run-scope';

const AT_A_TIME = 1_000;

/** By hash: the subjects for whom the value was stored, as far as the selection tells. */
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

/** Hashes of values that exist for any subject. */
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

/** Removes every copy. Outside of any run, the data store only knows the copies that records name. */
export async function removeValue(
  { dataStore }: Backends,
  { hash, subjects = [] }: { readonly hash: string; readonly subjects?: readonly string[] },
): Promise<void> {
  await dataStore.delete(hash);
  for (const subject of subjects) await unlessForgotten(withSubject(subject, () => dataStore.delete(hash)));
}

/** Copies sealed for a forgotten subject are unreadable, and nobody knows their names: the next `gc` removes them. */
async function unlessForgotten(work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!SelvageError.is(error, 'SubjectForgotten')) throw error;
  }
}
