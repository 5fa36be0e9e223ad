import type { Json } from '../../values';
import { keyOfOffset, stateOfOffset, type Places, type StreamElement } from '../../streams';
import type { PartitionCheckpoint, StreamCheckpoint, StreamCounts } from '../../workflows/messages';

/** Elements that are finished together, in their place in a partition. */
export interface Part {
  readonly partition: string;
  readonly elements: readonly StreamElement[];
}

interface Begun extends Part {
  isFinished: boolean;
}

interface Partition {
  /** Position of the last element up to which all are finished. */
  after: (() => Json) | undefined;
  /** In order; from {@link first} on. */
  parts: Begun[];
  first: number;
  /** Finished before this process began, beyond `after`. */
  done: Map<string, number>;
  hasEnded: boolean;
}

/** Below so many finished parts, moving the rest costs more than it saves. */
const WORTH_MOVING = 1_000;

/** What is begun and what is finished, in each partition. */
export class StreamProgress {
  readonly #partitions = new Map<string, Partition>();
  readonly #begun = new Map<Part, Begun>();
  #ok: number;
  #dead: number;
  #number: number;
  #elements = 0;

  constructor({ number, partitions, counts }: StreamCheckpoint) {
    this.#number = number;
    this.#ok = counts.ok;
    this.#dead = counts.dead;
    for (const [name, { after, done = [] }] of Object.entries(partitions))
      this.#partitions.set(name, {
        ...newPartition(),
        after: after === undefined ? undefined : () => after,
        done: new Map(done),
      });
  }

  /** Elements that are begun and not finished. */
  get inFlight(): number {
    return this.#elements;
  }

  get counts(): StreamCounts {
    return { ok: this.#ok, dead: this.#dead };
  }

  /** Where to go on reading. */
  places(): Places {
    const places = new Map<string, Json>();
    for (const [name, { after }] of this.#partitions) if (after) places.set(name, after());
    return places;
  }

  /** Remembers the place of a partition of which nothing was read yet. */
  place(name: string, state: Json): void {
    if (!this.#partitions.has(name)) this.#partitions.set(name, { ...newPartition(), after: () => state });
  }

  /** How many elements from this one on were finished by an earlier process. 0: it was not. */
  doneFrom(partition: string, element: StreamElement): number {
    const done = this.#partitions.get(partition)?.done;
    return done && done.size > 0 ? (done.get(keyOfOffset(element.offset)) ?? 0) : 0;
  }

  begin(part: Part): void {
    const begun = { ...part, isFinished: false };
    this.#begun.set(part, begun);
    this.#elements += part.elements.length;
    this.#partition(part.partition).parts.push(begun);
  }

  /**
   * @param counts what its elements came to, if this process has delivered them. Counted with their place, so that no checkpoint has
   *   one without the other
   */
  finish(part: Part, counts?: StreamCounts): void {
    const begun = this.#begun.get(part)!;
    this.#begun.delete(part);
    this.#elements -= part.elements.length;
    begun.isFinished = true;
    this.#ok += counts?.ok ?? 0;
    this.#dead += counts?.dead ?? 0;
    this.#advance(part.partition);
  }

  /** Nothing more comes of the partition; once all of it is finished, it is forgotten. */
  end(name: string): void {
    this.#partition(name).hasEnded = true;
    this.#advance(name);
  }

  checkpoint(): StreamCheckpoint {
    const partitions: Record<string, PartitionCheckpoint> = {};
    for (const [name, { after, parts, first, done }] of this.#partitions) {
      const beyond = parts
        .slice(first)
        .filter(({ isFinished }) => isFinished)
        .map(({ elements }) => [keyOfOffset(elements[0]!.offset), elements.length] as const);
      const all = [...done, ...beyond];
      partitions[name] = {
        ...(after && { after: after() }),
        ...(all.length > 0 && { done: all }),
      };
    }
    return { number: (this.#number += 1), partitions, counts: this.counts };
  }

  #partition(name: string): Partition {
    let partition = this.#partitions.get(name);
    if (!partition) this.#partitions.set(name, (partition = newPartition()));
    return partition;
  }

  #advance(name: string): void {
    const partition = this.#partition(name);
    const { parts, done } = partition;
    while (parts[partition.first]?.isFinished) {
      const { elements } = parts[partition.first]!;
      const { offset } = elements[elements.length - 1]!;
      partition.after = () => stateOfOffset(offset);
      partition.first += 1;
      // What was known from before is behind now, or begun again as a part.
      if (done.size > 0) done.delete(keyOfOffset(elements[0]!.offset));
    }
    if (partition.first > WORTH_MOVING && partition.first > parts.length / 2) {
      parts.splice(0, partition.first);
      partition.first = 0;
    }
    if (partition.hasEnded && partition.first === parts.length) this.#partitions.delete(name);
  }
}

function newPartition(): Partition {
  return { after: undefined, parts: [], first: 0, done: new Map(), hasEnded: false };
}
