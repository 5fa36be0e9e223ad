/* eslint-disable @typescript-eslint/no-explicit-any -- what a document says has no types before it is built */
import type { AnyTapestry } from '../authoring';
import {
  bearer,
  cronTrigger,
  github,
  kafkaTrigger,
  schedule,
  standardWebhooks,
  valkeyTrigger,
  webhook,
  webhookSignal,
  type TriggerDeclaration,
} from '../triggers';
import { findingOf, optionOf, placeOf } from './authoring-errors';
import { kindOf, type CallableTable } from './callables';
import type { Problems } from './problems';
import { Section, type DocumentSection } from './read-document';

export function buildTriggers(
  document: DocumentSection,
  tapestry: AnyTapestry,
  callables: CallableTable,
  problems: Problems,
): TriggerDeclaration[] {
  const made: TriggerDeclaration[] = [];
  const attempt = (section: Section, make: () => TriggerDeclaration | undefined): void => {
    try {
      const trigger = make();
      if (trigger) made.push(trigger);
    } catch (error) {
      const range = placeOf(section, error, 'id');
      const isNamed = optionOf(error) !== undefined;
      problems.addUnlessKnown(range, findingOf(error), isNamed ? range : section.syntax.range);
    }
  };
  for (const section of schedulesOf(document))
    attempt(section, () => schedule(tapestry, section.fields as never));
  for (const { section, type } of document.triggers) {
    attempt(section, () => {
      const { type: _type, ...fields } = section.fields;
      const options = withFunctions(section, fields, callables, problems);
      return options && MAKE[type]!(tapestry, options);
    });
  }
  return made;
}

const MAKE: Readonly<Record<string, (tapestry: AnyTapestry, options: any) => TriggerDeclaration>> = {
  cron: (tapestry, options) => cronTrigger({ ...options, tapestry }),
  webhook: (tapestry, options) => webhook(tapestry, options),
  webhookSignal: (_tapestry, { signal, ...options }) => webhookSignal(signal, options),
  kafka: (tapestry, options) => kafkaTrigger(tapestry, options),
  valkey: (tapestry, options) => valkeyTrigger(tapestry, options),
};

/** Keys whose values are names of callables. */
const FUNCTIONS = ['map', 'run', 'sequence'];

/** The fields with functions in place of names; undefined if a function is missing, which has been reported. */
function withFunctions(
  section: Section,
  fields: Readonly<Record<string, unknown>>,
  callables: CallableTable,
  problems: Problems,
): Record<string, unknown> | undefined {
  const options: Record<string, unknown> = { ...fields };
  let isWhole = true;
  const named = (key: string): unknown => {
    const found = callables.find(String(fields[key]));
    if ('value' in found && kindOf(found.value) === 'function') return found.value;
    isWhole = false;
    problems.add(
      section.at(key),
      'value' in found
        ? {
            code: 'InvalidConfig',
            reason: 'WrongValue',
            message: `"${key}" takes a plain function, and "${String(fields[key])}" is none.`,
          }
        : found,
    );
    return undefined;
  };
  for (const key of FUNCTIONS) if (fields[key] !== undefined) options[key] = named(key);
  if (typeof fields['key'] === 'string' && fields['key'] !== 'each') options['key'] = named('key');
  if (typeof fields['verify'] === 'string') options['verify'] = named('verify');
  else if (typeof fields['verify'] === 'object')
    options['verify'] = verificationOf(fields['verify'] as Record<string, any>);
  return isWhole ? options : undefined;
}

function verificationOf(said: Readonly<Record<string, any>> | null): unknown {
  const [kind, options] = Object.entries(said ?? {})[0] ?? [];
  if (kind === 'github') return github(options as never);
  if (kind === 'bearer') return bearer(options as never);
  return standardWebhooks(options as never);
}

function schedulesOf({ section }: DocumentSection): Section[] {
  const list = section.syntax.entries.get('schedules')?.value;
  if (list?.kind !== 'list') return [];
  const given = section.fields['schedules'] as readonly unknown[];
  return list.items.flatMap((item, index) =>
    item.kind === 'map' ? [new Section(item, given[index] as Record<string, unknown>)] : [],
  );
}
