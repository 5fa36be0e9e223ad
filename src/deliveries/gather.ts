import { recordOf, type AnyTapestry } from '../authoring';
import { hearing, type EmitterDeclaration, type EmitterList } from '../emitters';
import { withNested } from '../runtime';
import { duplicateEmitter } from './deliveries';

/** Including nested tapestries. */
export function namesOf(tapestries: readonly AnyTapestry[]): string[] {
  return [...new Set(tapestries.flatMap((one) => [...withNested(recordOf(one))].map(({ name }) => name)))];
}

/** The given emitters and those of tapestries, each once. @throws SelvageError `DuplicateEmitter` for equal names */
export function gatherEmitters(
  tapestries: readonly AnyTapestry[],
  given: EmitterList = [],
): EmitterDeclaration[] {
  const ofTapestries = tapestries.flatMap((one) =>
    ((recordOf(one).options.emitters ?? []) as EmitterList)
      .flat()
      .map((emitter) => hearing(emitter, namesOf([one]))),
  );
  const gathered = new Map<string, EmitterDeclaration>();
  for (const emitter of [...given.flat(), ...ofTapestries]) {
    const earlier = gathered.get(emitter.name);
    gathered.set(emitter.name, earlier ? both(earlier, emitter) : emitter);
  }
  return [...gathered.values()];
}

/** One declaration in two scopes applies to runs of either. */
function both(a: EmitterDeclaration, b: EmitterDeclaration): EmitterDeclaration {
  if (a.kind !== b.kind || a.options !== b.options) throw duplicateEmitter(a.name);
  if (!a.filter.tapestries || !b.filter.tapestries) return a.filter.tapestries ? b : a;
  const { tapestries: _, ...filter } = a.filter;
  return hearing({ ...a, filter }, [...new Set([...a.filter.tapestries, ...b.filter.tapestries])]);
}
