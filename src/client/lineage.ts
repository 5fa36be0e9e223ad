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

/** Queries about recorded lineage, `selvage.lineage`, which need no server. */
export class Lineage {
  /** @internal */
  constructor(private readonly backends: Backends) {}

  /**
   * Lists records by hash, knot, definition or run, newest first.
   *
   * @throws SelvageError `InvalidQuery`, `BackendUnavailable`
   */
  async records(query: LineageQuery): Promise<Page<LineageRecord>> {
    return await this.backends.runHistory.findLineage(query);
  }

  /** Compares two runs, which may have different plans, knot by knot. */
  async diff(firstRun: string, secondRun: string): Promise<RunDifference> {
    return await diffRuns(this.backends.runHistory, firstRun, secondRun);
  }

  /**
   * Finds the origin of a value: walks upstream from its knot, and into runs that made a parameter.
   *
   * @param hash as in records, or its beginning (see {@link resolveHash})
   * @throws SelvageError `UnknownValue`, `AmbiguousHash`, `BackendUnavailable`
   */
  async why(hash: string, options: WhyOptions = {}): Promise<ValueOrigin> {
    return await why(this.backends, hash, options);
  }

  /**
   * Finds everything made from a value: walks downstream from its knots, and into runs with it as a parameter.
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
   * @param beginning at least four hexadecimal digits, with or without its kind, such as `sha256:`. Full
   * hashes and other texts are returned unchanged
   * @throws SelvageError `UnknownValue`, `AmbiguousHash` (`details.candidates`), `BackendUnavailable`
   */
  async resolveHash(beginning: string): Promise<string> {
    return await resolveHash(this.backends.runHistory, beginning);
  }

  /**
   * Finds whether and why the value of a knot was reused, or which parts of its cache key differ from the nearest
   * earlier knot.
   *
   * @throws SelvageError `UnknownRun`, `UnknownKnot`, `BackendUnavailable`, `InvalidPlan`
   */
  async explainCache(runId: string, knotId: string): Promise<CacheExplanation> {
    return await explainCache(this.backends, runId, knotId);
  }
}
