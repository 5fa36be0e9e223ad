import type { Regression } from '../../../records/questions/statistics';
import { Outcome } from '../ui/outcome';
import { Muted } from '../ui/table';
import { durationWords } from '../words';

/** Figures that became worse, with those of now and before. */
export function Worsened({ what, before, now }: Pick<Regression, 'what' | 'before' | 'now'>) {
  const [is, was] = [now, before].map(what === 'failures' ? shareWords : durationWords);
  return (
    <>
      <Outcome tone="err" word={what === 'failures' ? 'fails more' : `slower ${what}`} isBare />
      <Muted>
        {is}, was {was}
      </Muted>
    </>
  );
}

export function shareWords(share: number): string {
  return `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`;
}
