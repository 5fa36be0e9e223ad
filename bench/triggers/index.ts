import type { Benchmark } from '../benchmark';
import { backfills } from './backfills';
import { kafkaStarts } from './kafka';
import { ledger } from './ledger';
import { starts } from './starts';
import { partitions } from './partitions';
import { webhookStarts } from './webhook';

/** What starts runs. Each is named `triggers: …`, so that `npm run bench -- triggers` is one table of all. */
export const triggers: readonly Benchmark[] = [
  ledger,
  starts,
  kafkaStarts,
  partitions,
  webhookStarts,
  backfills,
];
