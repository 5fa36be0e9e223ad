import { decodeJson, type Json, type StoredBytes } from '../values';
import { encodeHandedOn } from './handed-on';
import { openBytes, storeBytes } from './stored-bytes';
import type { BodyExtension } from './body-extension';
import type { BodyLog } from './body-log';
import type { Fragment } from '../authoring/fragment';
import type { KnotContext, Logger } from '../authoring/knot-context';
import type { DataStore } from '../ports';

/** Stores what bodies give to `ctx.heartbeat`, for their next attempts. */
export interface HandedOn {
  /** Encoded details of the latest attempt that gave any. */
  last(knotId: string): Json | undefined;
  keep(knotId: string, details: Json): void;
}

/** Shared by the bodies of one activity, or of one run in process. */
export interface BodySurroundings {
  readonly runId: string;
  readonly temporalRunId: string;
  readonly resources: Readonly<Record<string, unknown>>;
  readonly dataStore: DataStore;
  readonly handedOn: HandedOn;
  loggerOf(knotId: string, attempt: number): Logger;
  /** Calls the body of an attempt where tracers see that it belongs to it. Absent: nobody traces. */
  traced?<T>(knotId: string, attempt: number, call: () => Promise<T>): Promise<T>;
}

/** For knots whose attempts all run in this process. */
export class HandedOnHere implements HandedOn {
  private readonly details = new Map<string, Json>();

  last(knotId: string): Json | undefined {
    return this.details.get(knotId);
  }

  keep(knotId: string, details: Json): void {
    this.details.set(knotId, details);
  }
}

/** `ctx` of a body. A class, so that a hundred thousand of them share their methods. */
export class BodyContext implements KnotContext {
  readonly lastHeartbeat: unknown;

  /** @param signalOf returns the body's signal; undefined if nothing stops the body */
  constructor(
    private readonly surroundings: BodySurroundings,
    readonly knotId: string,
    readonly attempt: number,
    private readonly signalOf: (() => AbortSignal) | undefined,
    private readonly extension: BodyExtension,
    private readonly log?: BodyLog,
  ) {
    const details = surroundings.handedOn.last(knotId);
    this.lastHeartbeat = details === undefined ? undefined : decodeJson(structuredClone(details));
  }

  get signal(): AbortSignal {
    return this.signalOf ? this.signalOf() : NEVER;
  }

  get runId(): string {
    return this.surroundings.runId;
  }

  get idempotencyKey(): string {
    return `${this.runId}/${this.surroundings.temporalRunId}/${this.knotId}`;
  }

  get logger(): Logger {
    const lines = this.surroundings.loggerOf(this.knotId, this.attempt);
    return this.log ? this.log.tap(lines) : lines;
  }

  get resources(): KnotContext['resources'] {
    return this.surroundings.resources as KnotContext['resources'];
  }

  /** @throws SelvageError `NotEncodable`, also for details that are too large */
  heartbeat(details?: unknown): void {
    this.surroundings.handedOn.keep(this.knotId, encodeHandedOn(this.knotId, details));
  }

  extend(fragment: Fragment): void {
    this.extension.add(fragment);
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

const NEVER = new AbortController().signal;
