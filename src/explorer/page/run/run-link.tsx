import type { JSX } from 'preact';
import { about } from '../app';
import { href } from '../router';
import { shownText } from '../shown-text';

/** The id of a run; a link if the page has other runs. */
export function RunLink({ run, knot }: { run: string; knot?: string | undefined }): JSX.Element {
  if (about.value.abilities.pages.includes('runs'))
    return (
      <a class="plain mono" href={href({ page: 'run', run, knot })}>
        {shownText(run)}
      </a>
    );
  return <span class="mono">{shownText(run)}</span>;
}
