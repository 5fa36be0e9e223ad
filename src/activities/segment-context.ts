import type { Context } from '@temporalio/activity';
import { decodeJson, type Json, type StoredBytes } from '../canonical';
import { BodyExtension, encodeHandedOn, openBytes, storeBytes, type LoadedPlan } from '../execution';
import type { PlanKnot } from '../engine';
import type { Fragment } from '../model/fragment';
import type { KnotContext, Logger, LoggerLike } from '../model/knot-context';
import type { DataStore } from '../protocols';
import { bodyLines } from './body-lines';

/** What the contexts of one segment share. */
export interface SegmentSurroundings {
  readonly plan: LoadedPlan;
  readonly runId: string;
  readonly recordRun: string;
  /** The worker's logger. Absent: bodies write to the logger of Temporal's activity. */
  readonly ownLogger: LoggerLike | undefined;
  readonly log: Context['log'];
  readonly resources: Readonly<Record<string, unknown>>;
  readonly dataStore: DataStore;
  /** By knot id: what its body gave to `heartbeat`. */
  readonly handedOn: Map<string, Json>;
}

/** The context of a body that runs in a segment. */
export class SegmentContext implements KnotContext {
  constructor(
    private readonly surroundings: SegmentSurroundings,
    private readonly knot: PlanKnot,
    readonly attempt: number,
    readonly signal: AbortSignal,
  ) {}

  get knotId(): string {
    return this.knot.id;
  }

  get runId(): string {
    return this.surroundings.runId;
  }

  get idempotencyKey(): string {
    return `${this.runId}/${this.surroundings.recordRun}/${this.knotId}`;
  }

  get lastHeartbeat(): unknown {
    const details = this.surroundings.handedOn.get(this.knotId);
    return details === undefined ? undefined : decodeJson(structuredClone(details));
  }

  get logger(): Logger {
    const { ownLogger, log } = this.surroundings;
    return bodyLines(ownLogger, log, { run: this.runId, knot: this.knotId, attempt: this.attempt });
  }

  get resources(): KnotContext['resources'] {
    return this.surroundings.resources as KnotContext['resources'];
  }

  heartbeat(details?: unknown): void {
    this.surroundings.handedOn.set(this.knotId, encodeHandedOn(this.knotId, details));
  }

  /** Refuses, in the words of all dispatchers: neither a run with segments nor an element of a map can be extended by a body. */
  extend(fragment: Fragment): void {
    const { knot } = this;
    const extension =
      'map' in knot ? BodyExtension.none(knot) : new BodyExtension(this.surroundings.plan, knot);
    extension.add(fragment);
  }

  async store(
    source: Uint8Array | AsyncIterable<Uint8Array>,
    options?: { mediaType?: string },
  ): Promise<StoredBytes> {
    return await storeBytes(this.surroundings.dataStore, source, options);
  }

  async open(stored: StoredBytes): Promise<AsyncIterable<Uint8Array>> {
    return await openBytes(this.surroundings.dataStore, stored, this.knotId);
  }
}
