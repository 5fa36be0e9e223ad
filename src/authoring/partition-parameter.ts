import { SelvageError } from '../errors';
import type { AnyDomain, AnyPartition, PartitionDomain, PartitionOf } from '../partitions';
import type { TapestryRecord } from './records';
import { isStandardSchema, type StandardSchema } from './standard-schema';

/** Parameter of every partitioned tapestry. */
export const PARTITION = 'partition';

type KeyOf<Domain> = Domain extends PartitionDomain<any, infer Key> ? Key : never;

/** Accepts a key, or a partition of another domain of the same kind. Yields the partition. */
export type PartitionSchema<Domain> = StandardSchema<
  KeyOf<Domain> | PartitionOf<Domain>,
  PartitionOf<Domain>
>;

/** The partition of a run, from its validated parameters; undefined if the tapestry has no partitions. */
export function partitionOfRun(
  { options }: Pick<TapestryRecord, 'options'>,
  parameters: ReadonlyMap<string, unknown>,
): string | undefined {
  return options.partition && (parameters.get(PARTITION) as AnyPartition | undefined)?.key;
}

function partitionKeyOf(given: unknown): unknown {
  return typeof given === 'object' && given !== null && !isStandardSchema(given)
    ? (given as { key?: unknown }).key
    : given;
}

export function partitionSchema<Domain extends AnyDomain>(domain: Domain): PartitionSchema<Domain> {
  return {
    '~standard': {
      version: 1,
      vendor: 'selvage',
      validate: (given) => {
        try {
          const value: AnyPartition = domain.parse(partitionKeyOf(given) as string);
          return { value: value as PartitionOf<Domain> };
        } catch (error) {
          if (!SelvageError.is(error, 'InvalidPartition')) throw error;
          return { issues: [{ message: error.message }] };
        }
      },
    },
  };
}
