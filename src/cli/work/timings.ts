import { performance } from 'node:perf_hooks';
import { formatDuration } from '../output/format';

/** Durations of a command's steps, from the start of the process, for `--timings`. */
export class Timings {
  private readonly marks: { readonly what: string; readonly at: number }[] = [];

  /** Names the step that has just ended. */
  mark(what: string): void {
    this.marks.push({ what, at: performance.now() });
  }

  /** For each mark, the duration of its step and the time of its end. */
  lines(): string[] {
    let before = 0;
    return this.marks.map(({ what, at }) => {
      const took = at - before;
      before = at;
      return `${formatDuration(took).padStart(8)}  ${formatDuration(at).padStart(8)}  ${what}`;
    });
  }
}
