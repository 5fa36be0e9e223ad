/* eslint-disable @typescript-eslint/no-explicit-any -- what a document says has no types before it is built */
import { daily, hourly, list, monthly, product, weekly, type AnyDomain } from '../partitions';

type Given = Readonly<Record<string, any>>;

/**
 * The domain of `{ daily: { start: 2024-01-01 } }` and similar forms. Throws `InvalidConfig`. Undefined for a wrong
 * form, which has been reported.
 */
export function domainOf(given: unknown): AnyDomain | undefined {
  const [entry, ...others] = Object.entries((given ?? {}) as Given);
  if (!entry || others.length > 0) return undefined;
  const [kind, said] = entry;
  if (kind === 'list') return list(said as string[]);
  if (kind === 'product') {
    const parts = Object.entries(said as Given).map(([name, part]) => [name, domainOf(part)] as const);
    return parts.some(([, part]) => part === undefined)
      ? undefined
      : product(Object.fromEntries(parts) as Record<string, AnyDomain>);
  }
  const make = { daily, hourly, weekly, monthly }[kind];
  if (!make || typeof said !== 'object' || said === null || typeof (said as Given)['start'] !== 'string')
    return undefined;
  const { start, ...options } = said as { start: string };
  return make(start, options);
}
