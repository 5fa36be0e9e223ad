import {
  Scheduler,
  requiredParentsFailure,
  type KnotOutcome,
  type OutcomeKind,
  type SkipReason,
} from '../scheduler';
import { uniqueParents, type Layout, type PlanKnot } from '../plan';
import { freshCopy, type EncodedValue } from './encoded-value';
import { mapElements } from './map-elements';
import { receivedOutcome, type Failed } from './received-outcome';
import { failedUnrun, skippedUnrun } from './without-body';
import type { LoadedPlan } from './loaded-plan';
import type { OutcomeToRecord } from './lineage';
import type { DefinitionRecord } from '../authoring/records';
import type { InputReader, KnotParents } from './knot-parents';
import type { KnotEnd, KnotRunner, KnotToRun } from './knot-runner';
import { runMap, type MapToRun } from './map-run';
import { PromiseHost } from './promise-host';
import type { RunLayout } from './run-layout';
import type { ValueReader } from './value-reader';

/** A segment, or the whole layout of a run in process, scheduled by the reducer of runs, with bodies as promises. */
export abstract class LayoutRun {
  protected readonly scheduler: Scheduler<EncodedValue>;
  protected readonly host: PromiseHost<EncodedValue>;
  /** Outcomes by index in the layout, for knots that ended here without a value; in process, for all ended knots. */
  protected readonly settled: (OutcomeToRecord | Failed)[] = [];
  protected abstract readonly runner: KnotRunner;
  protected abstract readonly values: ValueReader;
  abstract plan: LoadedPlan;
  protected abstract graph: Pick<RunLayout, 'layout' | 'planKnots'>;

  constructor(layout: Layout, window: number, recordsPaths: boolean) {
    this.scheduler = new Scheduler(layout, { window });
    this.host = new PromiseHost(this.scheduler, {
      run: (index) => this.runKnot(index),
      skip: (index, reason) => this.skip(index, reason),
      fail: (index) => this.fail(index),
      ...(recordsPaths && { pass: (index: number) => this.pass(index) }),
    });
  }

  /** Runs a knot whose parents have ended. Resolves to undefined if the knot is left without an outcome. */
  protected abstract runKnot(index: number): Promise<KnotOutcome<EncodedValue> | undefined>;

  /** Gives a knot its outcome without running it. No other knot starts before its first wait. */
  protected abstract unrun(index: number, outcome: OutcomeToRecord): Promise<void>;

  protected abstract indexOf(knot: number): number;

  protected async runMap(
    subject: KnotToRun,
    how: Pick<MapToRun, 'mayBeRecorded' | 'readRecorded' | 'isHeld'>,
  ): Promise<KnotEnd> {
    const { plan, knot: map, codeHash, isReplaced } = subject;
    // Elements' records tell which code the elements ran; the map's own record has the plan's.
    const ofMap = { ...subject, isReplaced: false, codeHash: this.codeHashOfMap(subject) };
    return await this.runner.conclude(ofMap, async () => {
      const parents = uniqueParents(map).map((parent) => this.valueOf(parent)!);
      const missing = this.values.missing(parents);
      const read = missing && (await this.values.read(missing, map.id));
      return await runMap(this.runner, {
        plan,
        map,
        definition: subject.definition!,
        codeHash,
        isReplaced,
        elements: mapElements(plan, map, (parent) => this.values.encoded(this.valueOf(parent)!, read)),
        shared: {
          sharedId: (parent) => this.valueOf(parent)!,
          sharedValue: (parent) => this.values.fresh(this.valueOf(parent)!, read),
        },
        ...how,
      });
    });
  }

  protected codeHashOfMap({ codeHash }: KnotToRun): string | null {
    return codeHash;
  }

  protected readonly parents: KnotParents = {
    valueOf: (parent) => this.valueOf(parent)!,
    identityOf: (parent) => this.valueOf(parent)!,
    hashOf: (parent) => {
      const outcome = this.settled[this.indexOf(parent)];
      // A value for which no knot waits any more is not kept.
      if (outcome?.kind === 'ok') return outcome.value.hash;
      return outcome ? null : (this.valueOf(parent)?.hash ?? null);
    },
    kindOf: (parent) => {
      const outcome = this.settled[this.indexOf(parent)];
      if (!outcome || outcome.kind === 'ok') return 'ok';
      return receivedOutcome(this.plan.plan.knots[parent]!, outcome).kind;
    },
    read: (knot, receives) => this.read(knot, receives),
  };

  /** Hash of a parent's value; undefined if the parent has no value. */
  protected valueOf(parent: number): EncodedValue | undefined {
    return this.scheduler.value(this.indexOf(parent));
  }

  private read(knot: PlanKnot, receives: DefinitionRecord['receives']): InputReader | Promise<InputReader> {
    const missing = this.missing(knot);
    if (!missing) return receives === 'values' ? this.freshValue : this.readerOf(receives, undefined);
    return this.values.read(missing, knot.id).then((read) => this.readerOf(receives, read));
  }

  /** Hashes of those values of a knot's parents that are not at hand. */
  protected missing(knot: PlanKnot): string[] | undefined {
    const wanted: EncodedValue[] = [];
    for (const name in knot.inputs) {
      const input = knot.inputs[name]!;
      const value = 'parent' in input ? this.valueOf(input.parent) : undefined;
      if (value) wanted.push(value);
    }
    return this.values.missing(wanted);
  }

  protected readonly freshValue = (parent: number): unknown => freshCopy(this.valueOf(parent)!);

  private readerOf(
    receives: DefinitionRecord['receives'],
    read: ReadonlyMap<string, Uint8Array> | undefined,
  ): InputReader {
    const valueFrom = (parent: number): unknown => this.values.fresh(this.valueOf(parent)!, read);
    if (receives === 'values') return valueFrom;
    return (parent) => {
      const outcome = this.settled[this.indexOf(parent)];
      if (!outcome || outcome.kind === 'ok') return { kind: 'ok', value: valueFrom(parent) };
      return structuredClone(receivedOutcome(this.plan.plan.knots[parent]!, outcome));
    };
  }

  private async skip(index: number, reason: SkipReason): Promise<void> {
    const knot = this.graph.planKnots[index]!;
    await this.unrun(index, skippedUnrun(this.plan, knot, reason, this.scheduler.skipDetail(index)));
  }

  private async fail(index: number): Promise<void> {
    const kinds = (parent: number): OutcomeKind | undefined => this.scheduler.outcomeKind(parent);
    const failure = requiredParentsFailure(this.graph.layout, index, kinds);
    const { surroundings, hashing } = this.runner.host;
    await this.unrun(index, failedUnrun(surroundings.runId, failure, hashing.sha256));
  }

  /** The chosen path of a branch takes only the value of the branch's input, not its history. */
  private async pass(index: number): Promise<void> {
    const input = this.graph.planKnots[index]!.inputs['input'] as { readonly parent: number };
    const { value } = this.settled[this.indexOf(input.parent)] as Extract<OutcomeToRecord, { kind: 'ok' }>;
    await this.unrun(index, { kind: 'ok', value });
  }
}
