import { performance } from 'node:perf_hooks';
import { formatDuration } from './format';

/** Where the time of a command goes, from the start of its process: what `--timings` shows. */
export class Timings {
  private readonly marks: { readonly what: string; readonly at: number }[] = [];

  /** What has been done since the last mark. */
  mark(what: string): void {
    this.marks.push({ what, at: performance.now() });
  }

  /** A line for each mark: how long it took, and when it was done. */
  lines(): string[] {
    let before = 0;
    return this.marks.map(({ what, at }) => {
      const took = at - before;
      before = at;
      return `${formatDuration(took).padStart(8)}  ${formatDuration(at).padStart(8)}  ${what}`;
    });
  }
}
