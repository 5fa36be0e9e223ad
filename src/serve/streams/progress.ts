import type { Gap } from '../../ports';
import type { Json } from '../../values';
import { keyOfOffset, stateOfOffset, type Checkpoint, type StreamElement } from '../../streams';
import type {
  PartitionCheckpoint,
  StreamCheckpoint,
  StreamCounts,
  StreamGaps,
} from '../../workflows/messages';

/** Elements that are finished together, in their place in a partition. */
export interface Part {
  readonly partition: string;
  readonly elements: readonly StreamElement[];
}

type Done = NonNullable<PartitionCheckpoint['done']>[number];

interface Begun extends Part {
  isFinished: boolean;
}

interface Partition {
  /** Position of the last element up to which all are finished. */
  after: (() => Json) | undefined;
  /** In order; from {@link first} on. */
  parts: Begun[];
  first: number;
  /** Finished before this process began, beyond `after`: by the key of the first element. */
  done: Map<string, Done>;
  hasEnded: boolean;
}

/** Below so many finished parts, moving the rest costs more than it saves. */
const WORTH_MOVING = 1_000;
/** Gaps that a checkpoint has in full. */
const MOST_GAPS = 20;

/** What is begun and what is finished, in each partition. */
export class StreamProgress {
  readonly #partitions = new Map<string, Partition>();
  readonly #begun = new Map<Part, Begun>();
  #ok: number;
  #dead: number;
  #number: number;
  #elements = 0;
  #gaps: StreamGaps | undefined;

  constructor({ number, partitions, counts, gaps }: StreamCheckpoint) {
    this.#gaps = gaps;
    this.#number = number;
    this.#ok = counts.ok;
    this.#dead = counts.dead;
    for (const [name, { after, done = [] }] of Object.entries(partitions))
      this.#partitions.set(name, {
        ...newPartition(),
        after: after === undefined ? undefined : () => after,
        done: new Map(done.map((one) => [one[0], one])),
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
  places(): Checkpoint {
    const places = new Map<string, Json>();
    for (const [name, { after }] of this.#partitions) if (after) places.set(name, after());
    return places;
  }

  /** Remembers the place of a partition of which nothing is in flight. */
  place(name: string, state: Json): void {
    this.#partition(name).after = () => state;
  }

  /** False: it is known already. */
  addGap(gap: Gap): boolean {
    const { count, newest } = this.#gaps ?? { count: 0, newest: [] };
    const isSame = ({ partition, after, why }: Gap): boolean =>
      partition === gap.partition && after === gap.after && why === gap.why;
    if (newest.some(isSame)) return false;
    this.#gaps = { count: count + 1, newest: [gap, ...newest].slice(0, MOST_GAPS) };
    return true;
  }

  /** What an earlier process has finished from this element on. */
  doneFrom(partition: string, { offset }: StreamElement): Done | undefined {
    const done = this.#partitions.get(partition)?.done;
    return done?.size ? done.get(keyOfOffset(offset)) : undefined;
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

  /** Passes over what an earlier process has finished. */
  pass(part: Part): void {
    this.begin(part);
    this.finish(part);
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
        .map(({ elements }): Done => {
          const [first, last] = [elements[0]!, elements[elements.length - 1]!];
          const key = keyOfOffset(first.offset);
          return first === last ? [key, 1] : [key, elements.length, keyOfOffset(last.offset)];
        });
      const all = [...done.values(), ...beyond];
      partitions[name] = {
        ...(after && { after: after() }),
        ...(all.length > 0 && { done: all }),
      };
    }
    return {
      number: (this.#number += 1),
      partitions,
      counts: this.counts,
      ...(this.#gaps && { gaps: this.#gaps }),
    };
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
