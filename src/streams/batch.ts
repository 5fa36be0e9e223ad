import { SelvageError } from '../errors';
import { recordOf, type Tapestry } from '../authoring';
import { PARAMETER_PREFIX } from '../authoring/names';
import type {
  InputRecord,
  KnotRecord,
  NodeKind,
  ParameterRecord,
  TapestryRecord,
} from '../authoring/records';
import { markTapestry } from '../authoring/marks';

/** Nodes of elements that cannot share an activity with nodes of other elements. */
const NOT_IN_BATCHES: Readonly<Partial<Record<NodeKind, string>>> = {
  loop: 'runs another tapestry repeatedly',
  map: 'has elements of its own',
  sleep: 'waits',
  subTapestry: 'runs another tapestry',
  waitForSignal: 'waits for a signal',
  waitUntil: 'waits',
};

/** @throws SelvageError `InvalidConfig` if the knots of a tapestry cannot run in one segment */
export function requireBatchable({ name, options, knots }: TapestryRecord, owner: string): void {
  const refuse = (why: string): SelvageError =>
    new SelvageError(
      'InvalidConfig',
      `The option "batch" of ${owner} cannot be used: elements of a batch share one activity, and ${why}. Leave "batch" out, so that each element has a run of its own.`,
      { details: { owner, option: 'batch', tapestry: name, reason: 'Conflict' } },
    );
  if (options.partition) throw refuse(`the tapestry "${name}" is partitioned`);
  if (options.extensible) throw refuse(`the tapestry "${name}" is extensible`);
  for (const { id, definition } of knots.values()) {
    const why = definition?.node && NOT_IN_BATCHES[definition.node];
    if (why !== undefined) throw refuse(`the knot "${id}" ${why}`);
  }
}

export function inBatch(place: number, name: string): string {
  return `e${place}.${name}`;
}

export const LARGEST_BATCH = 1_024;
const BATCH = /\.batch-(\d+)$/;
/** Keeps the names of batches within the limit of names. */
const NAMED = 180;

function batchName(tapestry: string, size: number): string {
  return `${tapestry.slice(0, NAMED)}.batch-${size}`;
}

/** Whether a run is of this tapestry, or of a batch of it in a stream. */
export function isOfTapestry(run: string, name: string): boolean {
  return run === name || (BATCH.test(run) && run.replace(BATCH, '') === name.slice(0, NAMED));
}

/** The batch's tapestry; undefined unless the name is of a batch of one of these tapestries. */
export function batchNamed(name: string, tapestries: Iterable<TapestryRecord>): TapestryRecord | undefined {
  const size = Number(BATCH.exec(name)?.[1] ?? 0);
  if (size < 2 || size > LARGEST_BATCH) return undefined;
  for (const record of tapestries)
    if (batchName(record.name, size) === name) return recordOf(batchTapestry(record, size));
  return undefined;
}

const made = new WeakMap<TapestryRecord, Map<number, Tapestry>>();

/**
 * The tapestry of a batch of elements: the given knots once for each element, as `local()` knots, which run in one
 * activity. Names of parameters, knots and terminals begin with `e0.`, `e1.`, …. Failures of elements do not fail the
 * workflow, as other elements of the batch may have succeeded.
 */
export function batchTapestry(record: TapestryRecord, size: number): Tapestry {
  const bySize = made.get(record) ?? new Map<number, Tapestry>();
  made.set(record, bySize);
  const existing = bySize.get(size);
  if (existing) return existing;
  const name = batchName(record.name, size);
  const batch: TapestryRecord = {
    name,
    options: {
      ...record.options,
      failOn: 'never',
      description: `${size} elements of a stream, each for ${record.name}`,
    },
    parameters: new Map(),
    knots: new Map(),
    terminals: new Map(),
    closed: true,
  };
  for (let place = 0; place < size; place++) addElement(batch, record, place);
  const tapestry = { name } as Tapestry;
  markTapestry(tapestry, batch);
  bySize.set(size, tapestry);
  return tapestry;
}

function addElement(batch: TapestryRecord, record: TapestryRecord, place: number): void {
  const placed = new Map<KnotRecord, KnotRecord>();
  for (const knot of record.knots.values()) {
    const copy: KnotRecord = {
      ...knot,
      id: idInBatch(place, knot),
      tapestry: batch,
      inputs: new Map(
        [...knot.inputs].map(([name, input]): [string, InputRecord] => [
          name,
          input.kind === 'parent' ? { kind: 'parent', knot: placed.get(input.knot)! } : input,
        ]),
      ),
      options: knot.definition ? inSegment(knot) : knot.options,
    };
    placed.set(knot, copy);
    batch.knots.set(copy.id, copy);
  }
  for (const parameter of record.parameters.values()) {
    const name = inBatch(place, parameter.name);
    const copy: ParameterRecord = { ...parameter, name, knot: placed.get(parameter.knot)! };
    batch.parameters.set(name, copy);
  }
  for (const [name, knot] of terminalsOf(record))
    batch.terminals!.set(inBatch(place, name), placed.get(knot)!);
}

function idInBatch(place: number, { id, definition }: KnotRecord): string {
  if (definition || !id.startsWith(PARAMETER_PREFIX)) return inBatch(place, id);
  return `${PARAMETER_PREFIX}${inBatch(place, id.slice(PARAMETER_PREFIX.length))}`;
}

function inSegment({ options }: KnotRecord): KnotRecord['options'] {
  const host = options.dispatcher?.host;
  return { ...options, dispatcher: { kind: 'local', ...(host && { host }) } };
}

/** The terminals by name. A tapestry without terminals has the knots that no other knot takes. */
export function terminalsOf({ terminals, knots }: TapestryRecord): ReadonlyMap<string, KnotRecord> {
  if (terminals) return terminals;
  const taken = new Set<KnotRecord>();
  for (const { inputs } of knots.values())
    for (const input of inputs.values()) if (input.kind === 'parent') taken.add(input.knot);
  return new Map([...knots].filter(([, knot]) => !taken.has(knot)));
}

/** Sizes of batches: powers of two, for few plans, the largest first. */
export function batchSizes(largest: number): number[] {
  const sizes: number[] = [];
  for (let size = 1; size <= largest; size *= 2) sizes.unshift(size);
  return sizes;
}
