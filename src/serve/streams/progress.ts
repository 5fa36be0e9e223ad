import type { Gap } from '../../ports';
import type { Json } from '../../values';
import { keyOfOffset, stateOfOffset, type Checkpoint, type StreamElement } from '../../streams';
import type {
  PartitionCheckpoint,
  StreamCheckpoint,
  StreamCounts,
  StreamGaps,
} from '../../workflows/messages';

/** Elements of a partition that are finished together. */
export interface Part {
  readonly partition: string;
  readonly elements: readonly StreamElement[];
}

type Done = NonNullable<PartitionCheckpoint['done']>[number];

interface Begun extends Part {
  isFinished: boolean;
}

interface Partition {
  /** Position up to which all elements are finished. */
  after: (() => Json) | undefined;
  /** Parts in order; those before {@link first} are finished and forgotten. */
  parts: Begun[];
  first: number;
  /** Parts beyond `after`, finished by an earlier process, by the key of the first element. */
  done: Map<string, Done>;
  hasEnded: boolean;
}

/** Fewer finished parts are kept: moving the rest costs more than it saves. */
const WORTH_MOVING = 1_000;
/** Gaps that a checkpoint describes; older gaps are only counted. */
const MOST_GAPS = 20;

/** Which elements of each partition are begun and finished. */
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

  /** Number of begun and unfinished elements. */
  get inFlight(): number {
    return this.#elements;
  }

  get counts(): StreamCounts {
    return { ok: this.#ok, dead: this.#dead };
  }

  /** Positions from which reading continues. */
  places(): Checkpoint {
    const places = new Map<string, Json>();
    for (const [name, { after }] of this.#partitions) if (after) places.set(name, after());
    return places;
  }

  /** Sets the position of a partition without elements in flight. */
  place(name: string, state: Json): void {
    this.#partition(name).after = () => state;
  }

  /** Adds a gap; returns false for a known gap. */
  addGap(gap: Gap): boolean {
    const { count, newest } = this.#gaps ?? { count: 0, newest: [] };
    const isSame = ({ partition, after, why }: Gap): boolean =>
      partition === gap.partition && after === gap.after && why === gap.why;
    if (newest.some(isSame)) return false;
    this.#gaps = { count: count + 1, newest: [gap, ...newest].slice(0, MOST_GAPS) };
    return true;
  }

  /** The part that an earlier process has finished, if it begins with this element. */
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

  /** @param counts results, if this process has delivered them; a checkpoint has results together with the position */
  finish(part: Part, counts?: StreamCounts): void {
    const begun = this.#begun.get(part)!;
    this.#begun.delete(part);
    this.#elements -= part.elements.length;
    begun.isFinished = true;
    this.#ok += counts?.ok ?? 0;
    this.#dead += counts?.dead ?? 0;
    this.#advance(part.partition);
  }

  pass(part: Part): void {
    this.begin(part);
    this.finish(part);
  }

  /** Forgets the partition once all of it is finished. */
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
      // The element is now before `after`, or begun again as a part.
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
