export interface Frame {
  readonly header: Readonly<Record<string, unknown>>;
  readonly attachments: readonly Uint8Array[];
}

/** A connection between a worker and a body host. Each frame arrives once, in order, or the link ends. */
export interface Link {
  /** The greatest size of a header, in bytes of UTF-8. */
  readonly mostHeaderBytes: number;
  /**
   * @param header JSON of an object
   * @param attachments must not be used afterwards, as the link may take their memory
   */
  send(header: string, attachments?: readonly Uint8Array[]): void;
  /** Call it once. Frames that came before the listener are given then. */
  onFrame(listener: (frame: Frame) => void): void;
  /** Call it once. Called when no more frames can come, with the reason if the other side did not close the link. */
  onEnd(listener: (reason: Error | undefined) => void): void;
  close(): void;
}

/** Tells the end of a link once, also to a listener that comes later. */
export abstract class EndingLink implements Pick<Link, 'onEnd'> {
  protected ended: { readonly reason: Error | undefined } | undefined;
  #onEnd: ((reason: Error | undefined) => void) | undefined;

  onEnd(listener: (reason: Error | undefined) => void): void {
    this.#onEnd = listener;
    if (this.ended) listener(this.ended.reason);
  }

  /** No more frames can come. */
  end(reason: Error | undefined): void {
    if (this.ended) return;
    this.ended = { reason };
    this.#onEnd?.(reason);
  }
}

/** The other side has violated the protocol. */
export class ProtocolBroken extends Error {}
