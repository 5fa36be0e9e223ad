import type { Backends, LineageQuery, LineageRecord, Page } from '../ports';
import {
  diffRuns,
  explainCache,
  impact,
  resolveHash,
  why,
  type CacheExplanation,
  type ValueImpact,
  type ImpactOptions,
  type ValueOrigin,
  type RunDifference,
  type WhyOptions,
} from '../records/questions';

/** Queries about recorded lineage: `selvage.lineage`. They ask the backends alone, not the server. */
export class Lineage {
  /** @internal */
  constructor(private readonly backends: Backends) {}

  /**
   * Lineage records by hash, knot, definition or run, newest first, a page at a time.
   *
   * @throws SelvageError `InvalidQuery`, `BackendUnavailable`
   */
  async records(query: LineageQuery): Promise<Page<LineageRecord>> {
    return await this.backends.runHistory.findLineage(query);
  }

  /** Compares two runs knot by knot, and says why they differ. Their plans may differ, too. */
  async diff(firstRun: string, secondRun: string): Promise<RunDifference> {
    return await diffRuns(this.backends.runHistory, firstRun, secondRun);
  }

  /**
   * Tells how a value came about: walks upstream from the knot that made it, and into other runs if a parameter is a value that they made.
   *
   * @param hash as in records, or its beginning (see {@link resolveHash})
   * @throws SelvageError `UnknownValue`, `AmbiguousHash`, `BackendUnavailable`
   */
  async why(hash: string, options: WhyOptions = {}): Promise<ValueOrigin> {
    return await why(this.backends, hash, options);
  }

  /**
   * Tells what was made from a value: walks downstream from all knots that have it, and into runs that have it as a parameter.
   *
   * @param hash as in records, or its beginning (see {@link resolveHash})
   * @throws SelvageError `UnknownValue`, `AmbiguousHash`, `BackendUnavailable`
   */
  async impact(hash: string, options: ImpactOptions = {}): Promise<ValueImpact> {
    return await impact(this.backends.runHistory, hash, options);
  }

  /**
   * Completes the beginning of a hash that some record names as an output or input.
   *
   * @param beginning at least four hexadecimal digits, with or without `sha256:` or `bytes-sha256:`. A full hash, and a text that is not a
   * hash, are returned unchanged
   * @throws SelvageError `UnknownValue`, `AmbiguousHash` (`details.candidates`), `BackendUnavailable`
   */
  async resolveHash(beginning: string): Promise<string> {
    return await resolveHash(this.backends.runHistory, beginning);
  }

  /**
   * Tells whether the value of a knot was reused, and why or why not: which parts of its cache key differ from those of the nearest earlier knot.
   *
   * @throws SelvageError `UnknownRun`, `UnknownKnot`, `BackendUnavailable`, `InvalidPlan`
   */
  async explainCache(runId: string, knotId: string): Promise<CacheExplanation> {
    return await explainCache(this.backends, runId, knotId);
  }
}
