import { SelvageError, type ErrorCode } from '../../src/errors';
import type { Backends, DataStore, RunHistory, TapestryStore } from '../../src/protocols';

/** How calls fail while a fault is on. */
export interface Fault {
  readonly code: Extract<ErrorCode, 'BackendUnavailable' | 'DiskFull'>;
  /** Which calls are hit: by `port.method`, such as `backends.commit`. Default: all. */
  readonly only?: readonly string[];
  /** `before` (default): nothing is done. `after`: it is done all the same, and the answer is lost. */
  readonly when?: 'before' | 'after';
  /** How many calls are hit before the fault is over by itself. Default: without end. */
  readonly times?: number;
}

/** Real backends behind a line that a test can cut. */
export class SwitchableBackends {
  readonly backends: Backends;
  private fault: Fault | undefined;
  private hits: string[] = [];

  constructor(real: Backends) {
    const wrap = <T extends object>(port: string, target: T): T =>
      new Proxy(target, {
        get: (_, name) => {
          const value: unknown = Reflect.get(target, name, target);
          if (typeof value !== 'function') return value;
          return async (...args: unknown[]) =>
            await this.call(`${port}.${String(name)}`, async () => await (value as Call).apply(target, args));
        },
      });
    this.backends = {
      commit: wrap('backends', real).commit,
      close: () => real.close(),
      tapestryStore: wrap<TapestryStore>('tapestryStore', real.tapestryStore),
      runHistory: wrap<RunHistory>('runHistory', real.runHistory),
      dataStore: wrap<DataStore>('dataStore', real.dataStore),
    };
  }

  break(fault: Fault): void {
    this.hits = [];
    this.fault = fault;
  }

  mend(): void {
    this.fault = undefined;
  }

  /** The calls that the last fault has hit, in order. */
  get hit(): readonly string[] {
    return this.hits;
  }

  private async call<T>(name: string, work: () => Promise<T>): Promise<T> {
    const { fault } = this;
    if (!fault || (fault.only && !fault.only.includes(name))) return await work();
    this.hits.push(name);
    if (fault.times !== undefined && this.hits.length >= fault.times) this.fault = undefined;
    if (fault.when === 'after') await work();
    throw new SelvageError(fault.code, `The test has cut ${name}.`);
  }
}

type Call = (...args: unknown[]) => Promise<unknown>;
