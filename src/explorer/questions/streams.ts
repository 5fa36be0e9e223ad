import { placesOf } from '../../connection/streams';
import { streamName } from '../../streams';
import type { Questions, StreamAnswer, StreamView } from '../contract';
import type { ProjectData } from '../../operations/surroundings';

const MOST_PARTITIONS = 100;

/** @throws SelvageError `ServerUnreachable`: only the server knows the streams */
export async function streams({ reach }: ProjectData): Promise<{ items: StreamView[] }> {
  const all = await reach.do((selvage) => selvage.streams.list());
  return { items: all.map(({ checkpoint: _, ...state }) => ({ ...state, trigger: streamName(state.id) })) };
}

/** @throws SelvageError `UnknownStream`, `ServerUnreachable` */
export async function stream(
  { reach }: ProjectData,
  { stream: id }: Questions['stream']['ask'],
): Promise<StreamAnswer> {
  const { state, deadLetters } = await reach.do(async (selvage) => ({
    state: await selvage.streams.status(id),
    deadLetters: await selvage.streams.deadLetters(id),
  }));
  const partitions = placesOf(state);
  return {
    partitions: { items: partitions.slice(0, MOST_PARTITIONS), total: partitions.length },
    ...(state.gaps && { gaps: state.gaps }),
    deadLetters,
  };
}
