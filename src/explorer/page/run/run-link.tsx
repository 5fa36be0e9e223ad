import { about } from '../app';
import { shownText } from '../shown-text';
import { Link } from '../ui/link';

interface KnotLinkProps {
  run: string;
  knot?: string;
  children: string;
}

/** A link to a run, or to a knot of it. */
export function KnotLink({ run, knot, children }: KnotLinkProps) {
  return (
    <Link to={{ page: 'run', run, knot }} class="mono">
      {shownText(children)}
    </Link>
  );
}

/** The id of a run; a link if the page has other runs. */
export function RunLink({ run, knot }: { run: string; knot?: string }) {
  if (!about.value.abilities.pages.includes('runs')) return <span class="mono">{shownText(run)}</span>;
  return (
    <KnotLink run={run} knot={knot}>
      {run}
    </KnotLink>
  );
}
