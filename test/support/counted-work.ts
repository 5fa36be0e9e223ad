import { Session } from 'node:inspector';

/**
 * Counts exactly how often blocks of code run, whatever else the machine does. It counts our sources and packages, but
 * not the JavaScript engine. Modules must be loaded after it is made.
 */
export class WorkCounter {
  private readonly session = new Session();

  constructor() {
    this.session.connect();
    this.post('Profiler.enable');
    this.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  }

  of(work: () => void): number {
    this.post('Profiler.takePreciseCoverage');
    work();
    const { result } = this.post('Profiler.takePreciseCoverage') as {
      result: { url: string; functions: { ranges: { count: number }[] }[] }[];
    };
    let total = 0;
    for (const { functions } of result)
      for (const { ranges } of functions) for (const { count } of ranges) total += count;
    return total;
  }

  close(): void {
    this.session.disconnect();
  }

  private post(method: string, parameters: object = {}): unknown {
    let answer: unknown;
    this.session.post(method, parameters, (error, result) => {
      if (error) throw error;
      answer = result;
    });
    return answer;
  }
}
