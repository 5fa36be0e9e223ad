import { Retryable } from '../../src';
import type { RunHandle, Selvage, StartOptions } from '../../src/client';
import type { EmitterOptions } from '../../src/emitters';
import type { FileTailOptions, StreamOptions } from '../../src/streams';
import type { StandardWebhooksOptions, WebhookLimits } from '../../src/triggers';
import type { SelvagePluginOptions } from '../../src/worker';

/** Options that are a length of time take milliseconds and texts. */
type Taken<T, K extends keyof T> = { [P in K]?: '90s' | 90_000 } extends Pick<Partial<T>, K> ? true : false;

const taken: readonly true[] = [
  true satisfies Taken<StartOptions, 'deadline'>,
  true satisfies Taken<NonNullable<Parameters<RunHandle['result']>[0]>, 'outageLimit'>,
  true satisfies Taken<NonNullable<Parameters<RunHandle['signal']>[2]>, 'timeout'>,
  true satisfies Taken<Parameters<Selvage['runs']['prune']>[0], 'olderThan'>,
  true satisfies Taken<EmitterOptions, 'timeout' | 'disableAfter'>,
  true satisfies Taken<StreamOptions, 'linger'>,
  true satisfies Taken<FileTailOptions, 'poll' | 'leaveAfter'>,
  true satisfies Taken<WebhookLimits, 'time' | 'wait'>,
  true satisfies Taken<StandardWebhooksOptions, 'tolerance'>,
  true satisfies Taken<SelvagePluginOptions, 'leaseTtl'>,
];
void taken;
throw new Retryable('later', { after: '30s' });
