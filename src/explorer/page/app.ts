import { signal } from '@preact/signals';
import type { Source } from '../contract';
import type { About } from '../../operations/project/about';

let chosen: Source | undefined;

export const about = signal<About>({
  version: '',
  project: '',
  abilities: { act: false, readOnly: true, live: false, pages: [] },
  tapestries: [],
});

/** Whether the page is a standalone file, without a server to ask. */
export let isFile = false;

export function setSource(source: Source, isOfFile: boolean): void {
  chosen = source;
  isFile = isOfFile;
}

/** Asks again for the answer of `about`; if the question fails, the old answer stays. */
export async function renewAbout(): Promise<void> {
  try {
    const next = await source().ask('project.about', {});
    const { position: _old, ...before } = about.peek();
    const { position: _new, ...now } = next;
    if (JSON.stringify(before) !== JSON.stringify(now)) about.value = next;
  } catch {
    // Errors need no report here, since each view shows its own.
  }
}

export function source(): Source {
  if (!chosen) throw new Error('The source is asked before it is chosen.');
  return chosen;
}

export function mayAct(): boolean {
  return about.value.abilities.act;
}
