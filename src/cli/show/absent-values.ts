import type { AbsentValue } from '../../capsule';
import { formatTable, plural } from '../output/format';
import type { Output } from '../output/output';

const SHOWN_ABSENT = 10;

export function tellAbsent(absent: readonly AbsentValue[], output: Output): void {
  if (absent.length === 0) return;
  const reasons = new Map<string, number>();
  for (const { code } of absent) reasons.set(code, (reasons.get(code) ?? 0) + 1);
  const counted = [...reasons].map(([code, count]) => `${count} ${code}`).join(', ');
  output.say(
    `${plural(absent.length, 'value')} that records name ${absent.length === 1 ? 'is' : 'are'} not in it (${counted}):`,
  );
  const rows = absent.slice(0, SHOWN_ABSENT).map(({ hash, reason }) => [hash, reason]);
  output.say(formatTable(['VALUE', 'WHY'], rows).replace(/^/gm, '  '));
  if (absent.length > SHOWN_ABSENT) output.say(output.dim(`  and ${absent.length - SHOWN_ABSENT} more`));
}
