import type { KnotFailure, LiveStatus, OpenWait } from '../workflows/messages';

type OfKnot<Told extends { readonly knot: string }> = Omit<Told, 'knot'> & { readonly knotId: string };

/** A run as its workflow sees it. */
export interface LiveRun extends Omit<LiveStatus, 'failures' | 'waits'> {
  /** At most 20. */
  readonly failures: readonly OfKnot<KnotFailure>[];
  /** Knots that wait for a signal or a time; at most 100. */
  readonly waits?: readonly OfKnot<OpenWait>[];
}

/** The workflow's answer by the names of answers. */
export function liveRun({ failures, waits, ...live }: LiveStatus): LiveRun {
  return { ...live, failures: failures.map(ofKnot), ...(waits && { waits: waits.map(ofKnot) }) };
}

function ofKnot<Told extends { readonly knot: string }>({ knot: knotId, ...told }: Told): OfKnot<Told> {
  return { knotId, ...told };
}
