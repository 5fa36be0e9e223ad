import { SelvageError } from '../errors';
import { isObject } from '../authoring/checks';
import type { Fragment } from '../authoring/fragment';
import { checkKnotId, checkName } from '../authoring/names';
import { readKnotOptions } from '../authoring/options';

/** Validates a fragment from outside. Throws `InvalidFragment`, `InvalidName` or `InvalidConfig` (an option). */
export function readFragment(given: unknown): Fragment {
  if (!isObject(given)) throw invalid('it is no object');
  if (given['format'] !== 1) {
    throw invalid(
      typeof given['format'] === 'number'
        ? `it has the format ${given['format']}, and this version reads format 1`
        : 'its "format" is not 1',
    );
  }
  const { knots, terminals } = given;
  if (!Array.isArray(knots)) throw invalid('its "knots" are no list');
  knots.forEach(checkKnot);
  if (terminals !== undefined) {
    if (!isObject(terminals)) throw invalid('its "terminals" are no object');
    for (const [name, knot] of Object.entries(terminals)) {
      checkName('terminal', name);
      if (typeof knot !== 'string') throw invalid(`its terminal "${name}" is no id of a knot`);
    }
  }
  return given as unknown as Fragment;
}

export function joinFragments(fragments: readonly Fragment[]): Fragment {
  const terminals: Record<string, string> = {};
  for (const fragment of fragments) {
    for (const [name, knot] of Object.entries(fragment.terminals ?? {})) {
      if (Object.hasOwn(terminals, name) && terminals[name] !== knot) {
        throw new SelvageError(
          'DuplicateTerminal',
          `Two fragments of one body name a terminal "${name}": the knots "${terminals[name]}" and "${knot}". Give one of them another name.`,
          { details: { terminal: name } },
        );
      }
      terminals[name] = knot;
    }
  }
  return {
    format: 1,
    knots: fragments.flatMap(({ knots }) => knots),
    ...(Object.keys(terminals).length > 0 && { terminals }),
  };
}

function checkKnot(knot: unknown, place: number): void {
  if (!isObject(knot)) throw invalid(`its knot ${place} is no object`);
  const { id, definition, inputs, options, optional } = knot;
  checkKnotId(id);
  const where = `its knot "${id}"`;
  if (!isObject(definition)) throw invalid(`${where} has no "definition"`);
  const { name, version, codeHash, host } = definition;
  checkName('definition', name);
  for (const [field, value] of Object.entries({ version, codeHash, host })) {
    if (value !== undefined && typeof value !== 'string')
      throw invalid(`"${field}" of the definition of ${where} is no text`);
  }
  if (!isObject(inputs)) throw invalid(`${where} has no "inputs"`);
  for (const [input, value] of Object.entries(inputs)) {
    const isGiven =
      isObject(value) && (typeof value['knot'] === 'string') !== Object.hasOwn(value, 'constant');
    if (!isGiven) throw invalid(`input "${input}" of ${where} is neither { knot: … } nor { constant: … }`);
  }
  if (options !== undefined) readKnotOptions(`the knot "${id}"`, options);
  if (optional !== undefined && optional !== true) throw invalid(`"optional" of ${where} is not true`);
}

function invalid(what: string): SelvageError {
  return new SelvageError(
    'InvalidFragment',
    `The fragment is malformed: ${what}. Make it with \`fragment((f) => { … })\`.`,
  );
}
