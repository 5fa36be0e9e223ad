import type { ComponentChildren } from 'preact';
import { Button } from '../ui/button';
import { Muted } from '../ui/table';

/** Which part of a value is asked for, and how its rows are chosen. */
export interface Part {
  readonly from?: number;
  readonly sort?: string;
  readonly descending?: true;
  readonly filter?: string;
}

interface PagesProps {
  from: number;
  /** Where the next part begins. */ to: number;
  step: number;
  hasMore: boolean;
  onPart: (part: Part) => void;
  children: ComponentChildren;
}

/** The way to the parts of a value before and behind this one. */
export function Pages({ from, to, step, hasMore, onPart, children }: PagesProps) {
  return (
    <div class="value-pages row between fine">
      <Button isDisabled={from === 0} onClick={() => onPart({ from: Math.max(0, from - step) || undefined })}>
        Earlier
      </Button>
      <Muted>{children}</Muted>
      <Button isDisabled={!hasMore} onClick={() => onPart({ from: to })}>
        Later
      </Button>
    </div>
  );
}
