import { isObject } from '../authoring/checks';
import { SelvageError, type ErrorCode } from '../errors';
import type { Finding, Problems, Range } from './problems';
import type { Section } from './read-document';

export function findingOf(error: unknown): Finding {
  if (!SelvageError.is(error))
    return { code: 'InvalidConfig', message: error instanceof Error ? error.message : String(error) };
  const { reason } = error.details;
  return { code: error.code, message: error.message, ...(typeof reason === 'string' && { reason }) };
}

/** The place of an authoring error in a section: the named input or option, else `key`. */
export function placeOf(section: Section, error: unknown, key?: string): Range {
  const { input, option, what } = detailsOf(error);
  if (typeof input === 'string') {
    for (const group of ['parents', 'config', 'shared']) {
      const given = section.fields[group];
      if (!isObject(given) || !Object.hasOwn(given, input)) continue;
      return isCode(error, 'UnknownInput') ? section.keyAt(group, input) : section.at(group, input);
    }
  }
  if (typeof option === 'string' && section.fields[option] !== undefined) return section.at(option);
  if (isCode(error, 'InvalidName') && what === 'definition' && section.fields['callable'] !== undefined)
    return section.at('callable');
  if (isCode(error, 'InvalidName') && section.fields['id'] !== undefined) return section.at('id');
  return key === undefined ? section.head : section.at(key);
}

/** Reports an error, unless another problem is known at its place. */
export function report(problems: Problems, section: Section, error: unknown, key?: string): void {
  const range = placeOf(section, error, key);
  const hasPlace = range[0] !== section.head[0];
  problems.addUnlessKnown(range, findingOf(error), hasPlace ? range : section.syntax.range);
}

/** Returns the result of `make`. An error becomes a problem, at the first key if it names no place. */
export function attempt<T>(
  problems: Problems,
  section: Section,
  make: () => T,
  ...keys: readonly string[]
): T | undefined {
  try {
    return make();
  } catch (error) {
    report(problems, section, error, isCode(error, 'InvalidDefault') ? (keys[1] ?? keys[0]) : keys[0]);
    return undefined;
  }
}

export function detailsOf(error: unknown): Readonly<Record<string, unknown>> {
  return SelvageError.is(error) ? error.details : {};
}

export function isCode(error: unknown, code: ErrorCode): boolean {
  return SelvageError.is(error, code);
}

export function optionOf(error: unknown): string | undefined {
  const { option } = detailsOf(error);
  return typeof option === 'string' ? option : undefined;
}
