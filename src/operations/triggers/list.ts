import { z } from 'zod';
import { startsRuns } from '../../ports';
import { triggerName } from '../../triggers';
import { instant, list as listOf } from '../fields';
import { question } from '../operation';

/** Maximum number of counted starts of one trigger, and of starts searched for names. */
const MOST_COUNTED = 1_000;

const triggerView = z.object({
  name: z.string(),
  kind: z.string(),
  tapestry: z.string().optional(),
  /** Events that started a run, and claimed ones that did not yet; `atLeast` is set if there may be more. */
  startedCount: z.int(),
  pendingCount: z.int(),
  atLeast: z.object({ startedCount: z.boolean(), pendingCount: z.boolean() }),
  lastAt: instant.optional(),
});
export type TriggerView = Readonly<z.output<typeof triggerView>>;

export const list = question({
  name: 'triggers.list',
  summary: 'which triggers there are, how many runs they have started, and what is pending',
  description: 'Lists the triggers of the given file and those in the start ledger.',
  group: 'see',
  ask: z.strictObject({}),
  answer: z.object({
    items: listOf(triggerView),
    /** Undeclared triggers are listed only for the newest starts. */
    truncated: z.boolean(),
  }),
  examples: [{}],
  /** @throws SelvageError `BackendUnavailable` */
  async run({ backends: { startLedger }, triggers }) {
    const declared = new Map(triggers.map((trigger) => [triggerName(trigger), trigger]));
    const { items, cursor } = await startLedger.list({ limit: MOST_COUNTED });
    const names = new Set([...declared.keys(), ...items.map(({ trigger }) => trigger).filter(startsRuns)]);
    return {
      truncated: cursor !== undefined,
      items: await Promise.all(
        [...names].sort().map(async (name): Promise<TriggerView> => {
          const [started, waiting] = await Promise.all(
            [true, false].map((isStarted) =>
              startLedger.list({ trigger: name, started: isStarted, limit: MOST_COUNTED }),
            ),
          );
          const tapestry = declared.get(name)?.tapestry?.name;
          const last = Math.max(...[started!, waiting!].map(({ items }) => items[0]?.claimedAt ?? -Infinity));
          return {
            name,
            kind: name.slice(0, name.indexOf(':')),
            tapestry,
            startedCount: started!.items.length,
            pendingCount: waiting!.items.length,
            atLeast: {
              startedCount: started!.cursor !== undefined,
              pendingCount: waiting!.cursor !== undefined,
            },
            ...(Number.isFinite(last) && { lastAt: last }),
          };
        }),
      ),
    };
  },
});
