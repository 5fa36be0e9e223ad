import type { RunStatus } from '../../../authoring/outcome';
import { SHAPES, type Tone } from './tones';

export { type Tone } from './tones';

export const STATUS_TONES: Readonly<Record<RunStatus, Tone>> = {
  running: 'running',
  succeeded: 'ok',
  failed: 'err',
  cancelled: 'cancelled',
  terminated: 'cancelled',
};

export function Shape({ tone, size = 12 }: { tone: Tone; size?: number }) {
  return (
    <svg class={`shape tone-${tone}`} width={size} height={size} viewBox="0 0 12 12" aria-hidden="true">
      <path d={SHAPES[tone]} fill-rule="evenodd" />
    </svg>
  );
}

/** A shape and a word in the colour of the tone. */
export function Outcome(props: { tone: Tone; word?: string; isBare?: boolean }) {
  const { tone, word = tone, isBare = false } = props;
  return (
    <span class={`outcome inline tone-${tone}${isBare ? ' bare' : ''}`}>
      <Shape tone={tone} />
      {word}
    </span>
  );
}

export function RunOutcome(props: { status: RunStatus; isUnbegun?: boolean; isBare?: boolean }) {
  const { status, isUnbegun = false, isBare = false } = props;
  if (status === 'running' && isUnbegun) return <Outcome tone="waiting" word="not started" isBare={isBare} />;
  return <Outcome tone={STATUS_TONES[status]} word={status} isBare={isBare} />;
}
