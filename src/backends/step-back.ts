import type { StepBack } from '../ports';

const BECOMES =
  'Runs that still work make again what is gone; runs that were over then may end as HistoryLost, and can be resumed.';

/** The `noticed_by` of a step back that a restore caused. */
export const RESTORED = 'selvage restore';

export function describeStepBack({ lost_after, lost_until, noticed_at, noticed_by }: StepBack): string {
  const [after, until, noticed] = [lost_after, lost_until, noticed_at].map((at) =>
    new Date(at).toISOString(),
  ) as [string, string, string];
  if (noticed_by === RESTORED)
    return `\`selvage restore\` put a backup of ${after} in the place of the run history at ${noticed}, as it was asked to. It lacks what was committed in between. ${BECOMES}`;
  return (
    `The run history went back in time: it lost records after ${after}, up to ${until} at least (noticed at ${noticed} by process ${noticed_by}). ` +
    BECOMES
  );
}
