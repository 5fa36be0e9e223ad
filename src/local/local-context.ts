import { decodeJson, type Json, type StoredBytes } from '../canonical';
import type { KnotContext, Logger } from '../model/knot-context';
import type { DataStore } from '../protocols';
import { encodeHandedOn, openBytes, storeBytes, type BodyExtension } from '../execution';
import type { Fragment } from '../model/fragment';

/** What the contexts of one in-process run share. */
export interface LocalRun {
  readonly runId: string;
  /** What the records of this run are kept under. */
  readonly recordRun: string;
  readonly logger: Logger;
  readonly resources: Record<string, unknown>;
  readonly dataStore: DataStore;
  /** By knot id: what its attempts gave to `heartbeat`, encoded. */
  readonly handedOn: Map<string, Json>;
}

/** The context of a body that runs in process. A class, so that a hundred thousand of them share their methods. */
export class LocalContext implements KnotContext {
  readonly lastHeartbeat: unknown;

  constructor(
    private readonly run: LocalRun,
    readonly knotId: string,
    readonly attempt: number,
    private readonly abortSignal: AbortSignal | undefined,
    private readonly extension: BodyExtension,
  ) {
    const handedOn = run.handedOn.get(knotId);
    this.lastHeartbeat = handedOn === undefined ? undefined : decodeJson(structuredClone(handedOn));
  }

  get runId(): string {
    return this.run.runId;
  }

  get idempotencyKey(): string {
    return `${this.run.runId}/${this.run.recordRun}/${this.knotId}`;
  }

  get signal(): AbortSignal {
    return this.abortSignal ?? NEVER;
  }

  get logger(): Logger {
    return this.run.logger;
  }

  get resources(): KnotContext['resources'] {
    return this.run.resources as KnotContext['resources'];
  }

  heartbeat(details?: unknown): void {
    this.run.handedOn.set(this.knotId, encodeHandedOn(this.knotId, details));
  }

  extend(fragment: Fragment): void {
    this.extension.add(fragment);
  }

  async store(
    source: Uint8Array | AsyncIterable<Uint8Array>,
    options?: { mediaType?: string },
  ): Promise<StoredBytes> {
    return await storeBytes(this.run.dataStore, source, options);
  }

  async open(stored: StoredBytes): Promise<AsyncIterable<Uint8Array>> {
    return await openBytes(this.run.dataStore, stored, this.knotId);
  }
}

const NEVER = new AbortController().signal;
