import { SelvageError } from '../errors';
import { LoadedPlan } from '../runtime';
import type { Backends, LineageRecord, RunRecord, StoredPlan } from '../ports';
import { withNestedRuns } from '../records/retention/values-of-run';
import { isSecretName, redactTexts } from '../values/redact';
import { VERSION } from '../version';
import { packCapsule, type AbsentValue, type CapsuleContent } from './format';
import { capsulePage } from './page';
import { parseRedactions } from './redaction';
import type { WriteCapsuleOptions } from './write-options';
import { valuesOf, ValueCollection } from './value-collection';
import { shownRun, isHidden, HiddenTexts, shownRecord } from './hidden-texts';

export interface WrittenCapsule {
  /** The content of the file. */
  readonly html: string;
  /** The fingerprint, for readers of the file; pass it on by a way that nobody else can write to. */
  readonly fingerprint: string;
  readonly run: RunRecord;
  readonly runs: number;
  readonly records: number;
  readonly values: number;
  /** Total size of the values. */
  readonly valueBytes: number;
  readonly absent: readonly AbsentValue[];
  /** Number of values that are sealed in the data store, and clear in the file. */
  readonly opened: number;
  /** Knots whose included values contain texts that were redacted elsewhere; at most 20. */
  readonly tellingKnots: readonly string[];
  /** Constants with secret names, as `knot.input`, at most 20; they are in the file, as plans are not redacted. */
  readonly secretConstants: readonly string[];
}

/**
 * Writes a run into one file, with the runs that its knots started: plans, records, and values up to a limit.
 *
 * @param run the id of the run
 * @throws SelvageError `UnknownRun`, `UnknownKnot` or `InvalidConfig` (of a redaction), `CapsuleTooLarge`,
 * `BackendUnavailable`
 */
export async function writeCapsule(
  backends: Backends,
  run: string,
  options: WriteCapsuleOptions = {},
): Promise<WrittenCapsule> {
  const record = await backends.runHistory.getRun(run);
  if (!record) {
    throw new SelvageError(
      'UnknownRun',
      `The run history knows no run "${run}". \`selvage runs list\` shows what there is.`,
      { details: { run } },
    );
  }
  const runs = await withNestedRuns(backends, record);
  const records = new Map<string, LineageRecord[]>();
  for (const one of runs) records.set(one.temporal_run_id, await allRecords(backends, one));
  const all = [...records.values()].flat();
  const redactions = parseRedactions(options.redact ?? [], new Set(all.map(({ knot_id: id }) => id)));
  const hidden = new HiddenTexts(
    runs.flatMap((one) =>
      records.get(one.temporal_run_id)!.filter((each) => isHidden(one, each, redactions, options)),
    ),
  );
  const withoutSecrets = options.secrets ? <Told>(told: Told): Told => told : redactTexts;
  for (const [id, ofRun] of records)
    records.set(
      id,
      ofRun.map((each) => withoutSecrets(shownRecord(each, hidden))),
    );
  const collection = new ValueCollection(backends, options, redactions);
  // Take first the values that explain a failure, then inputs and results: the limit may cut off the rest.
  const wanted = runs.flatMap((one) => valuesOf(one, records.get(one.temporal_run_id)!));
  await collection.take(wanted);
  const shown = [...records.values()].flat();
  const telling = collection.tellingKnots(shown);
  collection.requireAllRedacted();
  const content: CapsuleContent = {
    madeAt: Date.now(),
    madeBy: { selvage: VERSION, node: process.version, platform: `${process.platform} ${process.arch}` },
    run: record.temporal_run_id,
    runs: runs.map((one) => withoutSecrets(shownRun(one, options, hidden))),
    records: shown,
    plans: await plansOf(backends, runs),
    values: collection.values,
    absent: collection.absent,
    redacted: [
      ...(options.redact ?? []),
      ...(options.redactSubject ? ['the subject'] : []),
      ...(options.values === false ? ['all values'] : []),
      ...(collection.hasRedactedSecrets ? ['what looks like a secret'] : []),
    ],
  };
  return {
    ...packCapsule(content, await capsulePage(content)),
    run: record,
    runs: runs.length,
    records: shown.length,
    values: content.values.length,
    valueBytes: collection.bytes,
    absent: content.absent,
    opened: collection.opened,
    tellingKnots: telling,
    secretConstants: secretConstants(content.plans),
  };
}

const TOLD_CONSTANTS = 20;

function secretConstants(plans: readonly StoredPlan[]): string[] {
  const knots = plans.flatMap(({ text, hash }) => LoadedPlan.parse(text, hash).plan.knots);
  return knots
    .flatMap(({ id, inputs }) =>
      Object.entries(inputs).flatMap(([name, input]) =>
        'parent' in input || !isSecretName(name) ? [] : [`${id}.${name}`],
      ),
    )
    .slice(0, TOLD_CONSTANTS);
}

async function allRecords(
  { runHistory }: Backends,
  { temporal_run_id: temporalRunId }: RunRecord,
): Promise<LineageRecord[]> {
  const records = await runHistory.getRecords(temporalRunId);
  return records.sort((one, other) => one.finished_at - other.finished_at);
}

/** The plans of the runs, for the page to draw; they are not executed. */
async function plansOf({ tapestryStore }: Backends, runs: readonly RunRecord[]): Promise<StoredPlan[]> {
  const plans = new Map<string, StoredPlan>();
  for (const { plan_hash: hash } of runs) {
    const plan = plans.get(hash) ?? (hash ? await tapestryStore.get(hash) : undefined);
    if (plan) plans.set(hash, plan);
  }
  for (const { text, hash } of plans.values()) LoadedPlan.parse(text, hash);
  return [...plans.values()];
}
