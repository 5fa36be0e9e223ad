import type { StoredBytes } from '../canonical';
import { SelvageError } from '../errors';
import type { KnotContext, Logger } from '../model/knot-context';
import type { DataStore } from '../protocols';
import { storeBytes } from '../execution';

/** What the contexts of one in-process run share. */
export interface LocalRun {
  readonly runId: string;
  readonly logger: Logger;
  readonly resources: Record<string, unknown>;
  readonly dataStore: DataStore;
}

/** The context of a body that runs in process. A class, so that a hundred thousand of them share their methods. */
export class LocalContext implements KnotContext {
  lastHeartbeat: unknown = undefined;

  constructor(
    private readonly run: LocalRun,
    readonly knotId: string,
    readonly attempt: number,
    private readonly abortSignal: AbortSignal | undefined,
  ) {}

  get runId(): string {
    return this.run.runId;
  }

  get idempotencyKey(): string {
    return `${this.run.runId}/${this.run.runId}/${this.knotId}`;
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
    this.lastHeartbeat = details;
  }

  async store(
    source: Uint8Array | AsyncIterable<Uint8Array>,
    options?: { mediaType?: string },
  ): Promise<StoredBytes> {
    return await storeBytes(this.run.dataStore, source, options);
  }

  async open(stored: StoredBytes): Promise<AsyncIterable<Uint8Array>> {
    const stream = await this.run.dataStore.getStream(stored.hash);
    if (!stream) {
      throw new SelvageError(
        'ValueMissing',
        `Knot "${this.knotId}" opens ${stored.hash}, which is not in the data store.`,
        {
          details: { knot: this.knotId, hash: stored.hash },
        },
      );
    }
    return stream;
  }
}

const NEVER = new AbortController().signal;
