import type { RestoredState } from '../../client/after-restore';
import { withClient } from '../location/connect';
import type { ServerOptions } from '../options/server-options';
import { EXIT } from '../output/exit-codes';
import { formatTime, joined, nameSome, plural } from '../output/format';
import type { Output } from '../output/output';

export async function afterRestore(options: ServerOptions, output: Output): Promise<number> {
  const { examineRestored } = await import('../../client/after-restore.js');
  return await withClient(options, output, async (selvage) => {
    const state = await examineRestored(selvage);
    const { unknown, missing, lostEvents } = state;
    const ok = unknown.length === 0 && missing.count === 0 && lostEvents.length === 0;
    output.say(describe(state, ok));
    return output.conclude(ok ? EXIT.ok : EXIT.runFailed, { ok, ...state });
  });
}

function describe(state: RestoredState, ok: boolean): string {
  const { newestAt, ended, completed, restored, open, unknown, missing, lostEvents, rewoundEmitters } = state;
  return joined(
    newestAt === null ? 'The run history is empty.' : `The run history ends at ${formatTime(newestAt)}.`,
    ended.length > 0 &&
      `Mended: ${plural(ended.length, 'run')} on record as running, which the server has terminated or has no more: ${some(ended)}. \`selvage resume RUN\` goes on from what is there.`,
    completed.length > 0 &&
      `Mended: ${plural(completed.length, 'run')} on record as running, which had ended on the server: ${some(completed)}.`,
    restored.length > 0 &&
      `Mended: ${plural(restored.length, 'run')} that only the server knew, on record again: ${some(restored)}. Finished ones lack records; \`selvage resume RUN\` makes them anew.`,
    open > 0 && `${plural(open, 'run')} go on: a run that lacks records makes them again by itself.`,
    unknown.length > 0 &&
      `On the server and not on record: ${some(unknown.map(({ runId, open }) => `${runId} (${open ? 'it goes on, and puts itself on record again' : 'over: start it again under another id if its values are needed'})`))}`,
    missing.count > 0 &&
      `${plural(missing.count, 'value')} that records name ${missing.count === 1 ? 'is' : 'are'} missing: ${nameSome(
        missing.values.slice(0, 5).map(({ hash, runId }) => `${hash} of run ${runId}`),
        missing.count,
      )}. Put the data store's newer backup back, or let \`selvage resume RUN\` make them again.`,
    lostEvents.length > 0 &&
      `Events that count as started, whose run is nowhere: ${some(lostEvents.map(({ trigger, key, runId }) => `${trigger} ${key} (${runId})`))}. They start nothing when they come again: start these runs by hand.`,
    rewoundEmitters.length > 0 &&
      `Emitters that were ahead of the history: ${some(rewoundEmitters)}. They begin again an hour before its end, so that some events come twice, with the same ids.`,
    'Places of limits that were held then become free by themselves within their time to live.',
    ok ? 'All fits.' : 'Not all fits.',
  );
}

function some(names: readonly string[]): string {
  return nameSome(names.slice(0, 5), names.length);
}
