import type { Json } from '../../../values';
import { type Draft, UnionDraft } from './draft';
import { type FormField, type FormMember, schemaIn } from './schema';

/** Problems by path, as the server writes it: `user.age`; empty for the whole. */
export type FormErrors = Readonly<Record<string, string>>;

export interface Filled {
  readonly value: Json | undefined;
  readonly errors: FormErrors;
}

/** Reads a form, whose value must not be used if there are errors. */
export function readForm(field: FormField, draft: Draft, isRequired: boolean): Filled {
  const errors: Record<string, string> = {};
  const value = read(field, draft, isRequired, '', errors);
  return { value, errors };
}

export function pathTo(path: string, name: string | number): string {
  return path === '' ? String(name) : `${path}.${name}`;
}

function read(
  field: FormField,
  draft: Draft,
  isRequired: boolean,
  path: string,
  errors: Record<string, string>,
): Json | undefined {
  const refuse = (message: string): undefined => {
    errors[path] = message;
    return undefined;
  };
  const leftOut = (): Json | undefined => {
    if (field.isNullable && isRequired) return null;
    return isRequired ? refuse('Needed.') : undefined;
  };
  switch (field.kind) {
    case 'text':
      // An empty input is an empty text if the field is required and the schema allows it.
      if (typeof draft !== 'string' || draft === '')
        return isRequired && !field.isNullable && field.format === undefined && (field.minLength ?? 0) === 0
          ? ''
          : leftOut();
      return readText(field, draft, refuse);
    case 'number': {
      if (typeof draft !== 'string' || draft.trim() === '') return leftOut();
      const number = Number(draft.trim());
      if (!Number.isFinite(number)) return refuse('Not a number.');
      if (field.isInteger && !Number.isInteger(number)) return refuse('Not a whole number.');
      if (field.min !== undefined && number < field.min) return refuse(`At least ${field.min}.`);
      if (field.max !== undefined && number > field.max) return refuse(`At most ${field.max}.`);
      return number;
    }
    case 'boolean':
      return typeof draft === 'boolean' ? draft : isRequired && !field.isNullable ? false : leftOut();
    case 'choice':
      return typeof draft === 'number' ? field.options[draft] : leftOut();
    case 'object':
      return readObject(field.members, draft, isRequired, leftOut, path, errors);
    case 'list': {
      const items = Array.isArray(draft) ? draft : [];
      if (items.length === 0 && !isRequired) return undefined;
      if (items.length < field.least)
        return refuse(`At least ${field.least} ${field.least === 1 ? 'item' : 'items'}.`);
      if (field.most !== undefined && items.length > field.most)
        return refuse(`At most ${field.most} items.`);
      return items.map((item, index) => read(field.item, item, true, pathTo(path, index), errors) ?? null);
    }
    case 'union': {
      const union = draft instanceof UnionDraft ? draft : new UnionDraft(0, undefined);
      const option = field.options[union.chosen]?.field;
      if (!option) return leftOut();
      return (
        read(option, union.draft, isRequired && !field.isNullable, path, errors) ??
        (field.isNullable && isRequired ? null : undefined)
      );
    }
    case 'json':
      if (typeof draft !== 'string' || draft.trim() === '') return leftOut();
      try {
        return JSON.parse(draft) as Json;
      } catch (error) {
        return refuse(`Not JSON: ${(error as Error).message}.`);
      }
  }
}

function readText(
  field: FormField & { kind: 'text' },
  text: string,
  refuse: (message: string) => undefined,
): string | undefined {
  if (field.format === 'date-time') {
    const time = new Date(text);
    return Number.isNaN(time.getTime()) ? refuse('Not a date with a time.') : time.toISOString();
  }
  if (field.format === 'date' && Number.isNaN(new Date(text).getTime())) return refuse('Not a date.');
  const length = [...text].length;
  if (field.minLength !== undefined && length < field.minLength)
    return refuse(`At least ${field.minLength} characters.`);
  if (field.maxLength !== undefined && text.length > field.maxLength)
    return refuse(`At most ${field.maxLength} characters.`);
  return text;
}

function readObject(
  members: readonly FormMember[],
  draft: Draft,
  isRequired: boolean,
  leftOut: () => Json | undefined,
  path: string,
  errors: Record<string, string>,
): Json | undefined {
  const drafts =
    draft !== null && typeof draft === 'object' && !Array.isArray(draft) && !(draft instanceof UnionDraft)
      ? draft
      : {};
  // An optional object is left out if nothing in it is filled in.
  if (!isRequired && members.every(({ name, field }) => isBlank(field, drafts[name]))) return leftOut();
  const value: { [name: string]: Json } = {};
  for (const { name, field, isRequired: isNeeded } of members) {
    const member = read(field, drafts[name], isNeeded, pathTo(path, name), errors);
    // Adds a member; safe for names such as `__proto__`.
    if (member !== undefined)
      Object.defineProperty(value, name, {
        value: member,
        enumerable: true,
        configurable: true,
        writable: true,
      });
  }
  return value;
}

function isBlank(field: FormField, draft: Draft): boolean {
  if (draft === undefined || draft === '') return true;
  if (field.kind === 'choice') return field.options.length === 1;
  if (field.kind === 'object')
    return field.members.every(({ name, field: member }) =>
      isBlank(member, (draft as Record<string, Draft>)[name]),
    );
  if (field.kind === 'union' && draft instanceof UnionDraft)
    return isBlank(field.options[draft.chosen]!.field, draft.draft);
  return Array.isArray(draft) && draft.length === 0;
}

export function errorsIn(details: Json | undefined): FormErrors {
  const problems = schemaIn(details)?.['problems'];
  if (!Array.isArray(problems)) return {};
  const errors: Record<string, string> = {};
  for (const problem of problems) {
    const { path, message } = schemaIn(problem) ?? {};
    if (typeof path === 'string' && typeof message === 'string') errors[path] ??= message;
  }
  return errors;
}
