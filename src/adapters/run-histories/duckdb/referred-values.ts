import { bitsOf } from './columns';
import type { Query } from './lineage-query';

const LIST = `from_json(?, '["VARCHAR"]')`;

/** Records with one of these in their `extra` are few: failures with a long traceback, and bodies that have extended their runs. */
const MENTIONED = ['$.extension', '$.error.traceback_hash'];

/** Which of the values the records name. */
export async function referredValues(
  query: Query,
  hashes: readonly string[],
  hasBits: boolean,
): Promise<Set<string>> {
  if (hashes.length === 0) return new Set();
  const wanted = JSON.stringify(hashes);
  const outputs = `select distinct output_hash as hash from selvage_lineage where output_hash in (select unnest(${LIST}))`;
  const mentioned = MENTIONED.map(
    (at) =>
      `select json_extract_string(extra, '${at}') as hash from selvage_lineage
       where contains(extra, '${at.slice(at.lastIndexOf('.') + 1)}') and json_extract_string(extra, '${at}') in (select unnest(${LIST}))`,
  );
  const rows = [
    ...(await query(outputs, [wanted])),
    ...(await query(mentioned.join(' union '), [wanted, wanted])),
    ...(hasBits ? [] : await query(INPUTS_BY_TEXT, [wanted])),
  ];
  const found = new Set(rows.map((row) => row['hash'] as string));
  if (hasBits) for (const hash of await inputsByBits(query, hashes)) found.add(hash);
  return found;
}

const INPUTS_BY_TEXT = `
  select distinct hash from (
    select unnest(json_extract_string(parent_input_hashes, '$.*')) as hash from selvage_lineage
    union all select unnest(json_extract_string(constant_input_hashes, '$.*')) from selvage_lineage)
  where hash in (select unnest(${LIST}))`;

/** Two hashes may have the same bits, and then one of them is kept that need not be. */
async function inputsByBits(query: Query, hashes: readonly string[]): Promise<string[]> {
  const bits = new Map(hashes.map((hash) => [bitsOf(hash), hash]));
  const rows = await query(
    `select distinct bits from selvage_lineage_inputs where bits in (${[...bits.keys()].join(', ')})`,
  );
  return rows.map((row) => bits.get(BigInt(row['bits'] as bigint))!);
}
