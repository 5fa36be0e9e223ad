import type { Logger } from '../../authoring/knot-context';
import { SelvageError } from '../../errors';
import {
  isSource,
  openIterable,
  type FileTailSettings,
  type IterableSource,
  type KafkaSourceSettings,
  type PartitionedFeed,
  type SourceKind,
  type StreamDeclaration,
  type StreamingSource,
  type ValkeySourceSettings,
} from '../../streams';

/* eslint-disable @typescript-eslint/no-require-imports -- an adapter, and the library of its vendor, is loaded where a stream needs it */

type Open = (source: StreamingSource, parts: SourceParts) => Promise<PartitionedFeed>;

interface SourceParts {
  readonly id: string;
  readonly logger: Logger;
}

const OPENERS: Partial<Record<SourceKind, Open>> = {
  'file-tail': async ({ options }) => {
    const { openFileTail } =
      require('../../adapters/files/tail') as typeof import('../../adapters/files/tail');
    return openFileTail(options as FileTailSettings);
  },
  kafka: async ({ options }) => {
    const { openKafkaSource } =
      require('../../adapters/kafka/streaming-source') as typeof import('../../adapters/kafka/streaming-source');
    return openKafkaSource(options as KafkaSourceSettings);
  },
  valkey: async ({ options }, { id }) => {
    const { openValkeySource } =
      require('../../adapters/valkey/streaming-source') as typeof import('../../adapters/valkey/streaming-source');
    return openValkeySource(options as ValkeySourceSettings, id);
  },
  iterable: async ({ options }) => openIterable(options as IterableSource<unknown>['options']),
};

/** Loads the vendor's library only now. */
export async function openSource(
  source: StreamDeclaration['source'],
  parts: SourceParts,
): Promise<PartitionedFeed> {
  if (!isSource(source)) {
    const { logger } = parts;
    return {
      read: (places, { signal, reportGap }) =>
        source(places.get(''), { signal, logger, checkpoint: places, reportGap }),
    };
  }
  const open = OPENERS[source.kind];
  if (open) return await open(source, parts);
  throw new SelvageError(
    'InvalidConfig',
    `The source of stream "${parts.id}" is of a kind that nothing here reads. There are: ${Object.keys(OPENERS).join(', ')}.`,
    { details: { stream: parts.id, kind: source.kind, reason: 'WrongValue' } },
  );
}

export function kindOfSource(source: StreamDeclaration['source']): SourceKind {
  return isSource(source) ? source.kind : 'custom';
}
