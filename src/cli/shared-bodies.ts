import type { KnotContext } from '../model/knot-context';

/** So many running bodies are named. */
const SLOTS = 32;
/** Of a name, with its length before it: ids of runs and knots have at most 200 letters, and a position or key. */
const SLOT_BYTES = 512;
const LENGTH_BYTES = 2;
const BEAT = 0;
const RUNNING = 1;
const HEADER_BYTES = 8;

/**
 * What another thread can know of this one while its event loop is blocked: whether it beats, and which bodies run. It is written at each call of a
 * body, so it costs little: one write of a name.
 */
export class SharedBodies {
  private readonly counts: Int32Array;
  private readonly names: Buffer;
  private readonly free = Array.from({ length: SLOTS }, (_, slot) => SLOTS - 1 - slot);

  constructor(readonly memory = new SharedArrayBuffer(HEADER_BYTES + SLOTS * SLOT_BYTES)) {
    this.counts = new Int32Array(memory, 0, HEADER_BYTES / Int32Array.BYTES_PER_ELEMENT);
    this.names = Buffer.from(memory, HEADER_BYTES);
  }

  /** A body begins. Answers what {@link remove} wants to know; a body for which there is no room is counted. */
  add({ knotId, runId }: KnotContext): number | undefined {
    this.counts[RUNNING]! += 1;
    const slot = this.free.pop();
    if (slot === undefined) return undefined;
    const at = slot * SLOT_BYTES;
    const length = this.names.write(
      `knot "${knotId}" of run ${runId}`,
      at + LENGTH_BYTES,
      SLOT_BYTES - LENGTH_BYTES,
    );
    this.names.writeUInt16LE(length, at);
    return slot;
  }

  remove(slot: number | undefined): void {
    this.counts[RUNNING]! -= 1;
    if (slot === undefined) return;
    this.names.writeUInt16LE(0, slot * SLOT_BYTES);
    this.free.push(slot);
  }

  beat(): void {
    Atomics.add(this.counts, BEAT, 1);
  }

  get beats(): number {
    return Atomics.load(this.counts, BEAT);
  }

  get running(): number {
    return Atomics.load(this.counts, RUNNING);
  }

  /** As `knot "a" of run r`. */
  get named(): string[] {
    return Array.from({ length: SLOTS }, (_, slot) => slot * SLOT_BYTES + LENGTH_BYTES)
      .map((at) => this.names.toString('utf8', at, at + this.names.readUInt16LE(at - LENGTH_BYTES)))
      .filter((name) => name !== '');
  }
}
