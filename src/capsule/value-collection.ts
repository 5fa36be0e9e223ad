import { isSealedName } from '../ports/parts/content-hash';
import { SelvageError } from '../errors';
import { mapOfElement } from '../authoring/element-id';
import { mentionedValues, type Backends, type LineageRecord, type RunRecord } from '../ports';
import { encryptionOf, subjectOf } from '../encryption/seal-backends';
import { withSubject } from '../encryption/run-scope';
import type { TableManifest } from '../tables/manifest';
import { openTable, tableOf } from '../operations/tables/open-table';
import { readManifest } from '../tables/stored-manifest';
import { tablesInText } from '../runtime/table-rows';
import { defaultSha256, encodeJson, isBytesHash, isTableHash, type Json } from '../values';
import { isSecretName, redactJson, redactText } from '../values/redact';
import { ABSENCES, type AbsentValue, type CapsuleValue } from './format';
import { pathsFor, redacted, tellingTexts, tells, type Redaction } from './redaction';
import type { WriteCapsuleOptions } from './write-options';
import { append } from '../values/append';

const MIB = 1024 * 1024;
const DEFAULT_MAX_TOTAL = 16 * MIB;
const DEFAULT_MAX_VALUE = MIB;
const TOLD_KNOTS = 20;

/** A value that the capsule should contain. */
interface WantedValue {
  readonly hash: string;
  /** Size of the value in bytes; absent if the records do not have it. */
  readonly size?: number | undefined;
  readonly run: RunRecord;
  /** The record that has or names the value; absent if no knot has it. */
  readonly record?: LineageRecord;
  /** Whether it is a further value of a knot: its log, a traceback, the payload of its signal. */
  readonly isBeside?: boolean;
  /** Smaller ones first. */
  readonly rank: number;
}

/** The values of a run in no particular order, possibly with repeated hashes. */
export function valuesOf(run: RunRecord, records: readonly LineageRecord[]): WantedValue[] {
  const terminals = new Set(Object.values(run.terminals));
  const failed = records.filter(({ outcome }) => outcome === 'err');
  const feeding = new Set(failed.flatMap(({ parent_knot_ids: ids }) => Object.values(ids)));
  const wanted: WantedValue[] = [];
  for (const record of records) {
    const { knot_id: id, output_hash: hash, output_size: size, definition } = record;
    const rank = feeding.has(id)
      ? 1
      : definition === 'parameter'
        ? 2
        : terminals.has(id)
          ? 3
          : mapOfElement(id)
            ? 5
            : 4;
    // A stored stream and its reference have the same hash.
    if (hash !== null) wanted.push({ hash, run, record, rank, ...(size !== null && { size }) });
    const { payload } = record.extra as { payload?: string };
    const beside = { run, record, isBeside: true };
    for (const mentioned of mentionedValues(record)) wanted.push({ ...beside, hash: mentioned, rank: 0 });
    if (payload !== undefined && payload !== hash) wanted.push({ ...beside, hash: payload, rank: 3 });
  }
  const { given_parameters: given = [], signals } = run.details as {
    given_parameters?: string[];
    signals?: { payloads?: string[] };
  };
  for (const hash of [...Object.values(run.parameter_hashes), ...given, ...(signals?.payloads ?? [])])
    wanted.push({ hash, run, rank: 2 });
  return wanted;
}

/** A path leads into a knot's value. The knot's further values may repeat the text anywhere, and are redacted whole. */
function pathsOf({ record, isBeside }: WantedValue, redactions: readonly Redaction[]): (readonly string[])[] {
  const paths = record ? pathsFor(record, redactions) : [];
  return isBeside && paths.length > 0 ? [[]] : paths;
}

/** Collects values up to the limits. */
export class ValueCollection {
  readonly values: CapsuleValue[] = [];
  readonly absent: AbsentValue[] = [];
  bytes = 0;
  opened = 0;
  /** Redactions that applied. */
  readonly #met = new Set<Redaction>();
  readonly #texts = new Set<string>();
  /** Hashes of values with secret names. */
  readonly #secret = new Set<string>();
  hasRedactedSecrets = false;
  readonly #maxTotal: number;
  readonly #maxValue: number;

  constructor(
    private readonly backends: Backends,
    private readonly options: WriteCapsuleOptions,
    private readonly redactions: readonly Redaction[],
  ) {
    this.#maxTotal = bound('maxTotalBytes', options.maxTotalBytes, DEFAULT_MAX_TOTAL);
    this.#maxValue = bound('maxValueBytes', options.maxValueBytes, DEFAULT_MAX_VALUE);
  }

  async take(wanted: readonly WantedValue[]): Promise<void> {
    if (!this.options.secrets) this.#noteSecret(wanted);
    const byHash = new Map<string, WantedValue[]>();
    for (const value of wanted) {
      if (isSealedName(value.hash)) continue;
      append(byHash, value.hash, value);
    }
    const order = [...byHash.values()].map((same) => ({
      same,
      rank: Math.min(...same.map(({ rank }) => rank)),
      size: same.find(({ size }) => size !== undefined)?.size,
    }));
    order.sort((one, other) => one.rank - other.rank || (one.size ?? 0) - (other.size ?? 0));
    // Values are taken regardless of their knots: redacting one of two equal values redacts both.
    for (const { same, size } of order) await this.#takeOne(same, size);
  }

  async #takeOne(same: readonly WantedValue[], size: number | undefined): Promise<void> {
    const { hash, run } = same[0]!;
    const leaveLarge = (bytes: number): void =>
      this.#leave(
        hash,
        bytes,
        'NotKept',
        `it has ${bytes} bytes, and values of at most ${this.#maxValue} were kept`,
      );
    if (this.options.values === false)
      return this.#leave(hash, size, 'Redacted', 'it was made without values');
    if (this.options.redactSubject && same.some((value) => subjectOf(value.run) !== undefined))
      return this.#leave(hash, size, 'Redacted', 'values of the subject of its run were redacted');
    // No path can describe parts of a value without a knot (given before a schema, or an untaken signal).
    if (this.redactions.length > 0 && same.every(({ record }) => record === undefined))
      return this.#leave(hash, size, 'Redacted', 'it is the value of no knot, and something was redacted');
    const paths = same.flatMap((value) => pathsOf(value, this.redactions));
    if (size !== undefined && size > this.#maxValue && paths.length === 0) return leaveLarge(size);
    const bytes = await this.#read(hash, run, size);
    if (!bytes) return;
    if (paths.length > 0) return this.#redact(hash, bytes, paths, same);
    if (isTableHash(hash)) return await this.#takeTable(hash, bytes, same);
    if (this.#redactSecrets(hash, bytes)) return;
    if (bytes.byteLength > this.#maxValue) return leaveLarge(bytes.byteLength);
    if (this.bytes + bytes.byteLength > this.#maxTotal)
      return this.#leave(
        hash,
        bytes.byteLength,
        'NotKept',
        `all values together were to have at most ${this.#maxTotal} bytes`,
      );
    this.#keep(hash, bytes);
    if (isBytesHash(hash)) return;
    for (const table of tablesInText(bytes)) await this.#takeOnce(table, undefined, same);
  }

  #keep(hash: string, bytes: Uint8Array): void {
    this.bytes += bytes.byteLength;
    if (encryptionOf(this.backends)) this.opened += 1;
    const content = isBytesHash(hash)
      ? { base64: Buffer.from(bytes).toString('base64') }
      : { text: Buffer.from(bytes).toString('utf8') };
    this.values.push({ hash, ...content });
  }

  /** A table, with its rows. No part of a table is redacted: it is kept whole, or left out. */
  async #takeTable(hash: string, bytes: Uint8Array, same: readonly WantedValue[]): Promise<void> {
    const manifest = readManifest(Buffer.from(bytes).toString(), defaultSha256);
    if (!manifest) return this.#leave(hash, bytes.byteLength, 'ValueDamaged', REASONS.ValueDamaged!);
    if (!this.options.secrets && (await this.#hasSecrets(hash, manifest, same[0]!.run))) {
      this.hasRedactedSecrets = true;
      return this.#leave(hash, bytes.byteLength, 'Redacted', 'it has what looks like a secret');
    }
    this.#keep(hash, bytes);
    await this.#takeOnce(manifest.blob, manifest.size, same);
  }

  async #hasSecrets(hash: string, manifest: TableManifest, run: RunRecord): Promise<boolean> {
    if (this.#secret.has(hash) || manifest.columns.some(({ name }) => isSecretName(name))) return true;
    if (manifest.size > this.#maxValue) return false;
    // Without the rows there is nothing to hide: the file has the reason why they are absent.
    if (!(await this.#read(manifest.blob, run, manifest.size))) return false;
    const opened = await withSubject(subjectOf(run), () => openTable(this.backends, hash, false));
    for await (const row of tableOf(opened).rows()) {
      const text = JSON.stringify(encodeJson(row));
      if (redactText(text) !== text) return true;
    }
    return false;
  }

  async #takeOnce(hash: string, size: number | undefined, same: readonly WantedValue[]): Promise<void> {
    const isTaken = [...this.values, ...this.absent].some((value) => value.hash === hash);
    if (!isTaken)
      await this.#takeOne(
        same.map((value) => ({ ...value, hash })),
        size,
      );
  }

  async #read(hash: string, run: RunRecord, size: number | undefined): Promise<Uint8Array | undefined> {
    try {
      const bytes = await withSubject(subjectOf(run), () => this.backends.dataStore.get(hash));
      if (bytes) return bytes;
      this.#leave(hash, size, 'ValueMissing', 'the data store did not have it');
    } catch (error) {
      if (!SelvageError.is(error)) throw error;
      const code = ABSENCES.find((one) => one === error.code);
      if (!code) throw error;
      this.#leave(hash, size, code, REASONS[code] ?? error.message);
    }
    return undefined;
  }

  #redact(
    hash: string,
    bytes: Uint8Array,
    paths: readonly (readonly string[])[],
    same: readonly WantedValue[],
  ): void {
    const reason = 'it was redacted';
    const isWhole = isBytesHash(hash) || isTableHash(hash);
    if (isWhole || paths.some((path) => path.length === 0)) {
      if (!isWhole) tellingTexts(JSON.parse(Buffer.from(bytes).toString('utf8')), this.#texts);
      this.#noteMet(same, () => true);
      return this.#leave(hash, bytes.byteLength, 'Redacted', reason);
    }
    const text = Buffer.from(bytes).toString('utf8');
    this.#noteMet(same, (own) => redacted(text, own).parts.length > 0);
    const { rest, parts } = redacted(text, paths);
    tellingTexts(parts, this.#texts);
    if (rest === undefined) return this.#leave(hash, bytes.byteLength, 'Redacted', reason);
    this.#leaveParts(hash, bytes, 'parts of it were redacted', this.#withoutSecrets(hash, rest));
  }

  /** Leaves out secrets; returns whether there were any. */
  #redactSecrets(hash: string, bytes: Uint8Array): boolean {
    if (this.options.secrets) return false;
    const text = Buffer.from(bytes).toString('utf8');
    const rest = this.#withoutSecrets(hash, text);
    if (rest === text) return false;
    this.#leaveParts(hash, bytes, 'it has what looks like a secret', rest);
    return true;
  }

  #withoutSecrets(hash: string, text: string): string | undefined {
    if (this.options.secrets) return text;
    const isJson = !isBytesHash(hash);
    const shown = isJson ? JSON.stringify(redactJson(JSON.parse(text) as Json)) : redactText(text);
    if (shown === text && !this.#secret.has(hash)) return text;
    this.hasRedactedSecrets = true;
    return isJson && !this.#secret.has(hash) ? shown : undefined;
  }

  #noteSecret(wanted: readonly WantedValue[]): void {
    for (const { record } of wanted) {
      if (!record) continue;
      const { knot_id: id, output_hash: hash, parent_input_hashes: inputs } = record;
      if (hash !== null && isSecretName(mapOfElement(id) ?? id)) this.#secret.add(hash);
      for (const [name, input] of Object.entries(inputs))
        if (input !== null && isSecretName(name)) this.#secret.add(input);
    }
  }

  #leaveParts(hash: string, bytes: Uint8Array, reason: string, rest: string | undefined): void {
    const isShown =
      rest !== undefined && rest.length <= this.#maxValue && this.bytes + rest.length <= this.#maxTotal;
    if (isShown) this.bytes += rest.length;
    const size = bytes.byteLength;
    this.absent.push({ hash, size, code: 'Redacted', reason, ...(isShown && { rest }) });
  }

  /** @param isMet whether the redaction's paths lead to something in the value */
  #noteMet(same: readonly WantedValue[], isMet: (paths: readonly (readonly string[])[]) => boolean): void {
    for (const redaction of this.redactions) {
      const own = same.flatMap((value) => (value.isBeside ? [] : pathsOf(value, [redaction])));
      if (own.length > 0 && isMet(own)) this.#met.add(redaction);
    }
  }

  #leave(hash: string, size: number | undefined, code: AbsentValue['code'], reason: string): void {
    this.absent.push({ hash, size: size ?? null, code, reason });
  }

  /** @throws SelvageError `InvalidConfig`: a redaction without effect is a mistake that would reveal data */
  requireAllRedacted(): void {
    if (this.options.values === false || this.options.redactSubject) return;
    const unmet = this.redactions.find((redaction) => redaction.path.length > 0 && !this.#met.has(redaction));
    if (!unmet) return;
    throw new SelvageError(
      'InvalidConfig',
      `There is nothing to redact at ${JSON.stringify(unmet.text)}: knot "${unmet.knot}" has no value that has this path. Look at it (\`selvage runs show\`), or redact the whole knot.`,
      { details: { option: 'redact', redact: unmet.text, reason: 'WrongValue' } },
    );
  }

  tellingKnots(records: readonly LineageRecord[]): string[] {
    if (this.#texts.size === 0) return [];
    const telling = new Set(
      this.values
        .filter(({ text }) => text !== undefined && tells(JSON.parse(text), this.#texts))
        .map(({ hash }) => hash),
    );
    const knots = records.flatMap(({ knot_id: id, output_hash: hash }) =>
      hash !== null && telling.has(hash) ? [id] : [],
    );
    return [...new Set(knots)].slice(0, TOLD_KNOTS);
  }
}

/** Reasons for readers of the capsule, whom the store's own words would mislead. */
const REASONS: Partial<Record<AbsentValue['code'], string>> = {
  SubjectForgotten: 'the subject of its run was forgotten',
  KeyMissing: 'it is sealed, and its key was not at hand',
  ValueDamaged: 'it was damaged in the data store',
  BackendUnavailable: 'its data store was away',
};

function bound(option: string, given: number | undefined, otherwise: number): number {
  if (given === undefined) return otherwise;
  if (Number.isSafeInteger(given) && given >= 0) return given;
  throw new SelvageError('InvalidConfig', `${option} must be a number of bytes, from 0 on.`, {
    details: { option, reason: 'WrongValue' },
  });
}
