import type { Json } from '../../../values';
import { type FormField, type TextFormat, schemaIn } from './schema';

/** The content of a form: texts as typed, choices as indexes; undefined if left out. */
export type Draft = undefined | string | number | boolean | Draft[] | { [name: string]: Draft } | UnionDraft;

export class UnionDraft {
  constructor(
    readonly chosen: number,
    readonly draft: Draft,
  ) {}
}

export function draftOf(field: FormField, value: Json | undefined = field.default): Draft {
  if (value === undefined || (value === null && field.isNullable)) {
    if (field.kind === 'object')
      return Object.fromEntries(field.members.map(({ name, field: member }) => [name, draftOf(member)]));
    if (field.kind === 'union') return new UnionDraft(0, draftOf(field.options[0]!.field));
    if (field.kind === 'list')
      return Array.from({ length: Math.min(field.least, 50) }, () => draftOf(field.item));
    if (field.kind === 'choice' && field.options.length === 1 && !field.isNullable) return 0;
    return undefined;
  }
  switch (field.kind) {
    case 'text':
      return typeof value === 'string' ? textDraft(value, field.format) : undefined;
    case 'number':
      return typeof value === 'number' ? String(value) : undefined;
    case 'boolean':
      return typeof value === 'boolean' ? value : undefined;
    case 'choice': {
      const index = field.options.findIndex((option) => JSON.stringify(option) === JSON.stringify(value));
      return index < 0 ? undefined : index;
    }
    case 'object': {
      const members = schemaIn(value) ?? {};
      return Object.fromEntries(
        field.members.map(({ name, field: member }) => [
          name,
          draftOf(member, Object.hasOwn(members, name) ? members[name] : undefined),
        ]),
      );
    }
    case 'list':
      return Array.isArray(value) ? value.map((item) => draftOf(field.item, item)) : [];
    case 'union': {
      const chosen = Math.max(
        0,
        field.options.findIndex((option) => fits(option.field, value)),
      );
      return new UnionDraft(chosen, draftOf(field.options[chosen]!.field, value));
    }
    case 'json':
      return JSON.stringify(value, undefined, 2);
  }
}

/** A browser's date and time input has no zone, so the time is shown in the user's own. */
function textDraft(value: string, format: TextFormat | undefined): string {
  if (format !== 'date-time') return value;
  const time = new Date(value);
  if (Number.isNaN(time.getTime())) return value;
  return new Date(time.getTime() - time.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}

/** Whether a value is of a field's kind; only used to choose an option of a union. */
function fits(field: FormField, value: Json): boolean {
  switch (field.kind) {
    case 'text':
      return typeof value === 'string';
    case 'number':
      return typeof value === 'number' && (!field.isInteger || Number.isInteger(value));
    case 'boolean':
      return typeof value === 'boolean';
    case 'choice':
      return field.options.some((option) => JSON.stringify(option) === JSON.stringify(value));
    case 'object': {
      const members = schemaIn(value);
      return (
        members !== undefined &&
        field.members.every(({ name, field: member, isRequired }) =>
          Object.hasOwn(members, name)
            ? member.kind !== 'choice' || fits(member, members[name]!)
            : !isRequired,
        )
      );
    }
    case 'list':
      return Array.isArray(value);
    case 'union':
      return field.options.some((option) => fits(option.field, value));
    case 'json':
      return true;
  }
}
