import type { Meter } from '@opentelemetry/api';
import { VERSION } from '../../version';
import { apiWithMetrics } from './api';

export interface EmitterLag {
  readonly emitter: string;
  readonly changes: number;
  /** Milliseconds since the oldest undelivered change. */
  readonly age: number;
}

/** Reports the lag of emitters as metrics when the SDK collects them; does nothing without an SDK. Returns its end. */
export function observeEmitterLag(read: () => Promise<readonly EmitterLag[]>): () => void {
  const meter = apiWithMetrics()?.metrics.getMeter('selvage', VERSION);
  return meter ? observe(meter, read) : () => {};
}

/** @internal */
export function observe(meter: Meter, read: () => Promise<readonly EmitterLag[]>): () => void {
  const changes = meter.createObservableGauge('selvage.emitter.lag', {
    description: 'Changes that an emitter has not heard of',
    unit: '{change}',
  });
  const age = meter.createObservableGauge('selvage.emitter.lag.age', {
    description: 'Since when the oldest of them waits',
    unit: 's',
  });
  const tell: Parameters<Meter['addBatchObservableCallback']>[0] = async (result) => {
    for (const lag of await read()) {
      const about = { 'selvage.emitter': lag.emitter };
      result.observe(changes, lag.changes, about);
      result.observe(age, lag.age / 1_000, about);
    }
  };
  meter.addBatchObservableCallback(tell, [changes, age]);
  return () => meter.removeBatchObservableCallback(tell, [changes, age]);
}
