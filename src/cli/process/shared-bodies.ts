// Names the bodies that run while native code blocks the event loop, as docs/failures/process-exits.md promises.

/** Maximum number of bodies that are stored by name. */
const SLOTS = 64;
/** Ids of runs and knots have at most 200 letters; elements add a position or key. */
const NAME_BYTES = 512;

const BEAT = 0;
const RUNNING = 1;
const COUNTS_BYTES = 2 * Int32Array.BYTES_PER_ELEMENT;
const LENGTHS_BYTES = SLOTS * Uint16Array.BYTES_PER_ELEMENT;

/**
 * Shared memory that another thread reads while this event loop is blocked: whether the loop beats, and which
 * bodies run. Each call of a body writes to this memory, so writing is cheap: it copies a name and changes numbers.
 */
export class SharedBodies {
  private readonly counts: Int32Array;
  private readonly lengths: Uint16Array;
  private readonly names: Buffer;
  private readonly free = Array.from({ length: SLOTS }, (_, slot) => SLOTS - 1 - slot);

  constructor(readonly memory = new SharedArrayBuffer(COUNTS_BYTES + LENGTHS_BYTES + SLOTS * NAME_BYTES)) {
    this.counts = new Int32Array(memory, 0, 2);
    this.lengths = new Uint16Array(memory, COUNTS_BYTES, SLOTS);
    this.names = Buffer.from(memory, COUNTS_BYTES + LENGTHS_BYTES);
  }

  /** Returns a slot for {@link remove}; undefined if all are taken: then the body is only counted. */
  add(name: string): number | undefined {
    this.counts[RUNNING]! += 1;
    const slot = this.free.pop();
    if (slot !== undefined) this.lengths[slot] = this.names.write(name, slot * NAME_BYTES, NAME_BYTES);
    return slot;
  }

  remove(slot: number | undefined): void {
    this.counts[RUNNING]! -= 1;
    if (slot === undefined) return;
    this.lengths[slot] = 0;
    this.free.push(slot);
  }

  beat(): void {
    this.counts[BEAT]! += 1;
  }

  get beats(): number {
    return this.counts[BEAT]!;
  }

  /** The number of running bodies, including bodies that are not in {@link named}. */
  get running(): number {
    return this.counts[RUNNING]!;
  }

  get named(): string[] {
    return [...this.lengths.keys()]
      .filter((slot) => this.lengths[slot]! > 0)
      .map((slot) => slot * NAME_BYTES)
      .map((at) => this.names.toString('utf8', at, at + this.lengths[at / NAME_BYTES]!));
  }
}
