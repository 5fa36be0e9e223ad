import { decodeJson, type Json } from '../values';
import { encodeHandedOn } from './handed-on';
import { openBytes, storeBytes } from './stored-bytes';
import type { BodyExtension } from './body-extension';
import type { BodyLog } from './body-log';
import type { KnotContext, Logger } from '../authoring/knot-context';
import type { DataStore } from '../ports';

/** Stores the details given to `ctx.heartbeat`, for a knot's next attempts. */
export interface HandedOn {
  last(knotId: string): Json | undefined;
  keep(knotId: string, details: Json): void;
}

/** The surroundings that the bodies of one activity, or of one run in process, share. */
export interface BodySurroundings {
  readonly runId: string;
  readonly temporalRunId: string;
  readonly resources: Readonly<Record<string, unknown>>;
  readonly dataStore: DataStore;
  readonly handedOn: HandedOn;
  loggerOf(knotId: string, attempt: number): Logger;
  /** Calls the body within the attempt's trace context. Absent without tracing. */
  traced?<T>(knotId: string, attempt: number, call: () => Promise<T>): Promise<T>;
  traceparent?(): string | undefined;
}

export class HandedOnHere implements HandedOn {
  private readonly details = new Map<string, Json>();

  last(knotId: string): Json | undefined {
    return this.details.get(knotId);
  }

  keep(knotId: string, details: Json): void {
    this.details.set(knotId, details);
  }
}

/** `ctx` of a body. The context is a class, so that a hundred thousand bodies share its methods. */
export class BodyContext implements KnotContext {
  readonly lastHeartbeat: unknown;
  private never: AbortSignal | undefined;

  /** @param signalOf undefined if nothing stops the body */
  constructor(
    private readonly surroundings: BodySurroundings,
    readonly knotId: string,
    readonly attempt: number,
    private readonly signalOf: (() => AbortSignal) | undefined,
    private readonly extension: BodyExtension,
    private readonly log?: BodyLog,
    private readonly progress?: (details: unknown) => void,
  ) {
    const details = surroundings.handedOn.last(knotId);
    this.lastHeartbeat = details === undefined ? undefined : decodeJson(structuredClone(details));
  }

  /** Each body has its own signal even if nothing stops it, as listeners on a shared one would accumulate. */
  get signal(): AbortSignal {
    return this.signalOf ? this.signalOf() : (this.never ??= new AbortController().signal);
  }

  get runId(): string {
    return this.surroundings.runId;
  }

  get idempotencyKey(): string {
    return `${this.runId}/${this.surroundings.temporalRunId}/${this.knotId}`;
  }

  get traceparent(): string | undefined {
    return this.surroundings.traceparent?.();
  }

  get logger(): Logger {
    const lines = this.surroundings.loggerOf(this.knotId, this.attempt);
    return this.log ? this.log.tap(lines) : lines;
  }

  get resources(): KnotContext['resources'] {
    return this.surroundings.resources as KnotContext['resources'];
  }

  /* A body may take these functions out of its context, so each getter makes a bound one on demand. */

  get heartbeat(): KnotContext['heartbeat'] {
    return (details) => {
      this.surroundings.handedOn.keep(this.knotId, encodeHandedOn(this.knotId, details));
      this.progress?.(details);
    };
  }

  get extend(): KnotContext['extend'] {
    return (fragment) => this.extension.add(fragment);
  }

  get store(): KnotContext['store'] {
    return async (source, options) => await storeBytes(this.surroundings.dataStore, source, options);
  }

  get open(): KnotContext['open'] {
    return async (stored) => await openBytes(this.surroundings.dataStore, stored, this.knotId);
  }
}
