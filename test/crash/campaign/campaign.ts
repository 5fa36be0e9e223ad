import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { inspect } from 'node:util';

import { Client, Connection } from '@temporalio/client';

import { PYTHON_BODIES } from '../../support/python-environment';
import { whyNoPython } from '../../support/python-bodies';
import { removeProjectBackends } from '../../support/project-backends';
import { sharedInterpreter } from '../../support/workflow-bundle';
import { strikesOf } from './blows';
import { differences, differencesOfCut, type Digest } from './check';
import { compose, type CompositionName } from './composition';
import { expectedOfElements } from './elements';
import { expectedOf } from './expected';
import { comesIn, scenariosOf, type Scenario } from './plan';
import { MIXES, isPossible, type HostOptions, type Mix } from './mix';
import { POINT_NAMES, rulesOf, type Point } from './points';
import { Pool } from './processes';
import { bundlePrograms } from './programs';
import { runScenario, type Ground, type ScenarioResult } from './scenario-run';

export interface CampaignOptions {
  /** Processes to kill, at the least. */
  readonly kills: number;
  readonly seed: number;
  /** Scenarios at once; mostly they wait. */
  readonly concurrency: number;
  /** What the runs run on. Default: the embedded server and SQLite. */
  readonly composition?: CompositionName;
  /** Default: all. */
  readonly points?: readonly Point[];
  /** Default: all. */
  readonly mixes?: readonly Mix[];
  /** Clusters that bodies run on, and blows fall on their machines. Default: none. */
  readonly clusters?: Pick<HostOptions, 'dask' | 'ray' | 'celery'>;
  /** Only the scenario of this index. */
  readonly only?: number;
  /** Hears which points are left out, before the first run. */
  readonly onBegin?: (plan: Pick<CampaignResult, 'leftOut'>) => void;
  /** Hears of each scenario that has ended. */
  readonly onProgress?: (soFar: CampaignResult) => void;
  /** Told at once, for the end may be far. */
  readonly onViolation?: (violation: Violation) => void;
}

export interface Violation {
  readonly seed: number;
  readonly scenario: number;
  readonly mix: string;
  readonly blows: readonly string[];
  readonly problems: readonly string[];
  /** Repeats this scenario alone. */
  readonly repeat: string;
  /** What it left behind. */
  readonly folder: string;
}

export interface CampaignResult {
  readonly seed: number;
  readonly runs: number;
  readonly kills: number;
  readonly points: Readonly<Record<string, { planned: number; landed: number }>>;
  /** Points that were wanted and cannot be hit here, with why. */
  readonly leftOut: Readonly<Record<string, string>>;
  readonly violations: readonly Violation[];
  /** Bodies that began while another attempt of their knot was just being recorded: seen, and no fault. */
  readonly overlaps: number;
  /** Runs that were cut short and resumed. */
  readonly resumed: number;
  readonly milliseconds: number;
}

const SCENARIOS_PER_POINT = 3;
const WARM_CLIENTS = 2;
const WARM_WORKERS = 3;

/** Runs scenarios side by side until so many processes have been killed. */
export async function runCampaign(options: CampaignOptions): Promise<CampaignResult> {
  const folder = await mkdtemp(path.join(tmpdir(), 'selvage-crash-'));
  const [bundle, programs] = await Promise.all([sharedInterpreter(), bundlePrograms()]);
  const { composition: name = 'embedded' } = options;
  const composition = await compose(name, folder);
  const connection = await Connection.connect({ address: composition.address });
  const workers = new Pool(programs.file('worker'), WARM_WORKERS);
  const clients = new Pool(programs.file('client'), WARM_CLIENTS);
  // What a violation left behind is kept.
  let keeps = false;
  try {
    const ground = {
      folder,
      address: composition.address,
      codePath: bundle.codePath,
      client: new Client({ connection }).workflow,
      workers,
      clients,
      servers: composition.servers,
      hosts: { ...hostsHere(), ...options.clusters },
    };
    const result = await new Campaign(ground, options).run();
    keeps = result.violations.length > 0;
    return result;
  } finally {
    await Promise.all([workers.close(), clients.close()]);
    await connection.close();
    await composition.close();
    await Promise.all([bundle.remove(), programs.remove()]);
    if (!keeps) await rm(folder, { recursive: true, force: true });
  }
}

/** A body may have so many MiB in a thread, which the campaign's own code needs half of. */
const THREAD_MEMORY = 192;

/** Body hosts that need no cluster. */
function hostsHere(): HostOptions {
  const module = path.join(__dirname, 'hosted-bodies.ts');
  return {
    threads: { module, maxWorkers: 1, memoryLimit: THREAD_MEMORY },
    ...(whyNoPython() === undefined && { python: { path: [PYTHON_BODIES], processes: 1 } }),
  };
}

class Campaign {
  private readonly begun = Date.now();
  private readonly points: readonly Point[];
  private readonly leftOut: Record<string, string> = {};
  private readonly tally: Record<string, { planned: number; landed: number }> = {};
  private readonly expected = new Map<string, Promise<Digest>>();
  private readonly violations: Violation[] = [];
  private readonly scenarios: Iterator<Scenario, never>;
  private readonly underWay = new Map<Scenario, Promise<void>>();
  private given = 0;
  private runs = 0;
  private kills = 0;
  private overlaps = 0;
  private resumed = 0;

  constructor(
    private readonly ground: Ground,
    private readonly options: CampaignOptions,
  ) {
    const mixes = (options.mixes ?? MIXES).filter((mix) => isPossible(mix, ground.hosts));
    this.points = (options.points ?? POINT_NAMES).filter((point) => {
      const why = this.whyNot(point, mixes);
      if (why === undefined) return true;
      this.leftOut[point] = why;
      return false;
    });
    options.onBegin?.({ leftOut: this.leftOut });
    if (this.points.length === 0) throw new Error('No point is left at which a blow could fall.');
    for (const point of this.points) this.tally[point] = { planned: 0, landed: 0 };
    this.scenarios = scenariosOf(options.seed, this.points, mixes);
  }

  private whyNot(point: Point, mixes: readonly Mix[]): string | undefined {
    const { only: needed, host } = rulesOf(point);
    const { composition = 'embedded', mixes: chosen = MIXES } = this.options;
    if (needed !== undefined && needed !== composition) return `it comes only in the composition ${needed}`;
    if (mixes.some((mix) => comesIn(mix, point))) return undefined;
    if (!chosen.some((mix) => comesIn(mix, point))) return 'no chosen mix comes there';
    if (host === 'python') return whyNoPython()!;
    return 'no cluster is given here; `npm run test:all -- --group dispatchers` starts one and strikes there';
  }

  async run(): Promise<CampaignResult> {
    const { only, concurrency } = this.options;
    const lanes = only === undefined ? concurrency : 1;
    await Promise.all(Array.from({ length: lanes }, () => this.lane()));
    return this.result();
  }

  private async lane(): Promise<void> {
    while (this.wantsMore()) {
      if (this.mayHaveEnough()) {
        await Promise.race(this.underWay.values());
        continue;
      }
      const { value: scenario } = this.scenarios.next();
      this.given += 1;
      if (this.options.only !== undefined && this.options.only !== scenario.index) continue;
      const done = this.one(scenario);
      this.underWay.set(scenario, done);
      await done;
      this.underWay.delete(scenario);
    }
  }

  /** Whether enough are killed and all points are hit if what is under way comes as planned. */
  private mayHaveEnough(): boolean {
    if (this.underWay.size === 0) return false;
    const blows = [...this.underWay.keys()].flatMap((scenario) => scenario.blows);
    const kills = this.kills + blows.reduce((sum, blow) => sum + strikesOf(blow), 0);
    return (
      kills >= this.options.kills &&
      this.missing().every((missing) => blows.some(({ point }) => point === missing))
    );
  }

  private missing(): Point[] {
    return this.points.filter((point) => this.tally[point]!.landed === 0);
  }

  /** Goes on until enough are killed and all points are hit, but not for ever for a point that cannot be hit. */
  private wantsMore(): boolean {
    const { only, kills } = this.options;
    if (only !== undefined) return this.given <= only;
    if (this.kills < kills) return true;
    return this.missing().length > 0 && this.given < SCENARIOS_PER_POINT * this.points.length;
  }

  private async one(scenario: Scenario): Promise<void> {
    for (const { point } of scenario.blows) this.tally[point]!.planned += 1;
    const name = String(scenario.index);
    const [result, expected] = await Promise.allSettled([
      runScenario(this.ground, scenario, name),
      this.expectedOf(scenario),
    ]);
    this.runs += 1;
    const failures = [result, expected].flatMap((settled) =>
      settled.status === 'rejected' ? [inspect(settled.reason)] : [],
    );
    const problems =
      result.status === 'fulfilled' && expected.status === 'fulfilled'
        ? this.judge(scenario, result.value, expected.value)
        : failures.map((failure) => `the campaign itself failed: ${failure}`);
    await this.conclude(scenario, path.join(this.ground.folder, name), problems);
    this.options.onProgress?.(this.result());
  }

  private judge(scenario: Scenario, result: ScenarioResult, expected: Digest): string[] {
    const { cut } = scenario;
    const { digest, cutDigest } = result;
    this.kills += result.kills;
    this.overlaps += result.overlaps;
    if (cut && digest.size > 0) this.resumed += 1;
    for (const { point } of result.landed) this.tally[point]!.landed += 1;
    return [
      ...result.problems,
      ...(cut && cutDigest ? differencesOfCut(cutDigest, expected, cut) : []),
      // Empty where the run was cut short before there was anything to go on from.
      ...(cut && digest.size === 0 ? [] : differences(digest, expected)),
      ...(result.twin
        ? differences(result.twin, expected).map((difference) => `of its twin: ${difference}`)
        : []),
    ];
  }

  private async conclude(scenario: Scenario, folder: string, problems: readonly string[]): Promise<void> {
    if (problems.length === 0) {
      await removeProjectBackends(folder);
      await rm(folder, { recursive: true, force: true });
      return;
    }
    const { seed, points, mixes, composition } = this.options;
    const { index, mix, blows, cut } = scenario;
    const violation = {
      seed,
      scenario: index,
      mix: mix.name,
      blows: [
        ...blows.map(({ point, knots }) => [point, ...knots].join(' ')),
        ...(cut ? [`${cut.how} after ${cut.after} ms`] : []),
      ],
      problems,
      repeat: `npm run crash -- --seed ${seed} --scenario ${index}${composition === 'production' ? ' --production' : ''}${points ? ` --points ${points.join(',')}` : ''}${mixes ? ` --mixes ${mixes.map(({ name }) => name).join(',')}` : ''}`,
      folder,
    };
    this.violations.push(violation);
    this.options.onViolation?.(violation);
  }

  /** Found out once. */
  private expectedOf({ mix, parameters }: Scenario): Promise<Digest> {
    const name = `${mix.name}-${parameters.size}`;
    let expected = this.expected.get(name);
    if (!expected) {
      expected = mix.elements
        ? expectedOfElements(mix, parameters, (own) => expectedOf(mix, own))
        : expectedOf(mix, parameters);
      this.expected.set(name, expected);
    }
    return expected;
  }

  private result(): CampaignResult {
    const { runs, kills, violations, overlaps, resumed } = this;
    const { seed } = this.options;
    const milliseconds = Date.now() - this.begun;
    const { tally: points, leftOut } = this;
    return { seed, runs, kills, points, leftOut, violations, overlaps, resumed, milliseconds };
  }
}

/** Points at which no blow has landed. */
export function neverHit({ points }: CampaignResult): string[] {
  return Object.keys(points).filter((point) => points[point]!.landed === 0);
}
