import { LRUCache } from 'lru-cache';
import type { Delivery, DeliveryContext, Emitter, RejectedEvent, RunEvent } from '../../emitters';
import type { OpenLineageEmitterDeclaration } from '../../emitters/open-lineage';
import { nestedPlansOf, readPlan, type Plan } from '../../plan';
import type { RunRecord } from '../../ports';
import { inParallel } from '../../values/in-parallel';
import { LineageEvents, type PlanOfRun } from './run-events';
import { openTransport, type Transport } from './transports';
import type * as specification from './specification';

/** The events of one run are sent in order. */
const RUNS_AT_ONCE = 8;
const REMEMBERED_PLANS = 100;

interface LineageTools {
  /** The base of relative paths of files. */
  readonly projectDir: string;
  /** The text of a stored plan; undefined if it was removed. */
  plan(hash: string): Promise<string | undefined>;
  run(temporalRunId: string): Promise<RunRecord | undefined>;
}

/** Throws `InvalidConfig` if the environment lacks the key. */
export async function createOpenLineageEmitter(
  { name, options }: OpenLineageEmitterDeclaration,
  tools: LineageTools,
): Promise<Emitter> {
  const transport = openTransport(options, { name, projectDir: tools.projectDir, environment: process.env });
  return new OpenLineageEmitter(new LineageEvents(options), transport, tools);
}

class OpenLineageEmitter implements Emitter {
  private readonly plans = new LRUCache<string, Plan>({ max: REMEMBERED_PLANS });

  constructor(
    private readonly events: LineageEvents,
    private readonly transport: Transport,
    private readonly tools: LineageTools,
  ) {}

  async deliver(events: readonly RunEvent[], { signal }: DeliveryContext): Promise<Delivery> {
    const rejected: RejectedEvent[] = [];
    const runs = new Map<string, RunEvent[]>();
    for (const event of events) {
      const { temporal_run_id: run } = event.run;
      runs.set(run, [...(runs.get(run) ?? []), event]);
    }
    await inParallel(runs.values(), RUNS_AT_ONCE, async (ofRun) => {
      for (const event of ofRun) {
        const reason = await this.send(event, signal);
        if (reason !== undefined) rejected.push({ id: event.id, reason });
      }
    });
    await this.transport.flush();
    return { rejected };
  }

  private async send(event: RunEvent, signal: AbortSignal): Promise<string | undefined> {
    for (const made of await this.made(event)) {
      const reason = await this.transport.send(made, signal);
      if (reason !== undefined) return reason;
    }
    return undefined;
  }

  private async made(event: RunEvent): Promise<specification.RunEvent[]> {
    const { run } = event;
    const own = await this.plan(run.plan_hash);
    if (event.type === 'knot-finished') return this.events.knot(event, own);
    const plan = own && { plan: own, nested: await this.nestedIn(own) };
    const { parent_temporal_run_id: of } = run.details as { parent_temporal_run_id?: string };
    const parent = of === undefined ? undefined : await this.tools.run(of);
    if (event.type === 'run-started') return [this.events.started(run, plan, parent)];
    const ended = this.events.ended(run, plan, parent);
    return ended ? [ended] : [];
  }

  private async nestedIn(plan: Plan, found = new Map<string, Plan>()): Promise<PlanOfRun['nested']> {
    for (const hash of nestedPlansOf(plan).values()) {
      const nested = found.has(hash) ? undefined : await this.plan(hash);
      if (nested) await this.nestedIn(nested, found.set(hash, nested));
    }
    return found;
  }

  /** A plan that was removed meanwhile is undefined, so the datasets of the run are unknown. */
  private async plan(hash: string): Promise<Plan | undefined> {
    const known = this.plans.get(hash);
    if (known) return known;
    const text = await this.tools.plan(hash);
    if (text === undefined) return undefined;
    const plan = readPlan(text);
    this.plans.set(hash, plan);
    return plan;
  }
}
