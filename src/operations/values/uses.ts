import { z } from 'zod';
import { resolveHash } from '../../records/questions';
import type { LineageRecord } from '../../ports';
import { cursor, hash, instant, page } from '../fields';
import { question } from '../operation';
import type { ProjectData } from '../surroundings';

const USES = 100;
/** A cursor begins with its listing: `o` for knots that have the value, `i` for knots that took it. */
const CURSOR = /^([oi])(.*)$/;

const useOfValue = z.object({
  runId: z.string(),
  tapestry: z.string(),
  knotId: z.string(),
  role: z.enum(['produced', 'reused', 'parameter', 'consumed']),
  at: instant,
});
export type UseOfValue = z.output<typeof useOfValue>;

export const uses = question({
  name: 'values.uses',
  summary: 'every knot that made, reused, was given or took in a value',
  description:
    'Lists first the knots that have the value, then the knots that took it in; the newest first in both.',
  group: 'see',
  ask: z.strictObject({ hash, cursor }),
  answer: z.object({ hash: z.string(), ...page(useOfValue).shape }),
  at: ['hash'],
  examples: [{ hash: 'sha256:4f2a' }],
  /** @throws SelvageError `UnknownValue`, `AmbiguousHash`, `BackendUnavailable` */
  async run(data, ask) {
    const { runHistory } = data.backends;
    const outputHash = await resolveHash(runHistory, ask.hash);
    const [, listing = 'o', after = ''] = CURSOR.exec(ask.cursor ?? 'o') ?? [];
    const found = await runHistory.findLineage({
      ...(listing === 'o' ? { outputHash } : { inputHash: outputHash }),
      limit: USES,
      ...(after !== '' && { cursor: after }),
    });
    const tapestries = await tapestriesOf(data, found.items);
    const next =
      found.cursor === undefined ? (listing === 'o' ? 'i' : undefined) : `${listing}${found.cursor}`;
    return {
      hash: outputHash,
      items: found.items.map((record) => ({
        runId: record.run_id,
        tapestry: tapestries.get(record.temporal_run_id) ?? '',
        knotId: record.knot_id,
        role: listing === 'i' ? 'consumed' : howItHas(record),
        at: record.finished_at,
      })),
      cursor: next,
    };
  },
});

function howItHas(record: LineageRecord): UseOfValue['role'] {
  if (record.definition === 'parameter') return 'parameter';
  return record.cached_from_run === null ? 'produced' : 'reused';
}

async function tapestriesOf(
  { backends }: ProjectData,
  records: readonly LineageRecord[],
): Promise<Map<string, string>> {
  const ids = [...new Set(records.map(({ temporal_run_id }) => temporal_run_id))];
  const runs = await Promise.all(ids.map((id) => backends.runHistory.getRunByTemporalId(id)));
  return new Map(runs.flatMap((run) => (run ? [[run.temporal_run_id, run.tapestry] as const] : [])));
}
