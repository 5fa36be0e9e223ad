import type { StoredBytes } from '../canonical';
import { openBytes, storeBytes, type BodyExtension } from '../execution';
import type { Fragment } from '../model/fragment';
import type { KnotContext, Logger } from '../model/knot-context';
import { bodyLines } from './body-lines';
import type { KnotAttempt } from './knot-attempt';
import type { WorkerEnvironment } from './worker-environment';

/** The context of a body that runs as a Temporal activity. */
export class ActivityContext implements KnotContext {
  readonly lastHeartbeat: unknown;

  constructor(
    private readonly environment: WorkerEnvironment,
    private readonly knotAttempt: KnotAttempt,
    readonly knotId: string,
    readonly signal: AbortSignal,
    private readonly extension: BodyExtension,
  ) {
    this.lastHeartbeat = knotAttempt.userDetails;
  }

  get runId(): string {
    return this.knotAttempt.task.runId;
  }

  get attempt(): number {
    return this.knotAttempt.ofBody;
  }

  get idempotencyKey(): string {
    return `${this.runId}/${this.knotAttempt.task.recordRun}/${this.knotId}`;
  }

  get logger(): Logger {
    return bodyLines(this.environment.logger, this.knotAttempt.context.log, {
      run: this.runId,
      knot: this.knotId,
      attempt: this.attempt,
    });
  }

  get resources(): KnotContext['resources'] {
    return this.environment.resources as KnotContext['resources'];
  }

  heartbeat(details?: unknown): void {
    this.knotAttempt.keepUserDetails(details);
  }

  extend(fragment: Fragment): void {
    this.extension.add(fragment);
  }

  async store(
    source: Uint8Array | AsyncIterable<Uint8Array>,
    options?: { mediaType?: string },
  ): Promise<StoredBytes> {
    return await storeBytes(this.environment.backends.dataStore, source, options);
  }

  async open(stored: StoredBytes): Promise<AsyncIterable<Uint8Array>> {
    return await openBytes(this.environment.backends.dataStore, stored, this.knotId);
  }
}
