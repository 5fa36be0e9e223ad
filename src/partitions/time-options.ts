import { checkOptions, shown, wrongDomain, type DomainKind } from './domain';
import { Zone } from './zone';

export interface TimeDomainOptions {
  /** Time zone in which partitions begin: a name of the IANA database such as `Europe/Berlin`. Default: `UTC`. */
  readonly timezone?: string;
  /** The last partition, inclusive. By default there is none: new partitions appear as time passes. */
  readonly last?: string;
}

/** @throws SelvageError `InvalidConfig` */
export function readZone(kind: DomainKind, options: TimeDomainOptions, more: readonly string[] = []): Zone {
  checkOptions(kind, options, ['timezone', 'last', ...more]);
  const { timezone = 'UTC' } = options;
  try {
    return new Zone(timezone);
  } catch {
    throw wrongDomain(
      kind,
      'timezone',
      `${shown(timezone)} is not a time zone. Give a name of the IANA database, such as "Europe/Berlin" or "UTC".`,
    );
  }
}
