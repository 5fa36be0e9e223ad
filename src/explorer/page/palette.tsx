import { useEffect, useId, useMemo, useRef, useState } from 'preact/hooks';
import type { Found } from '../../operations/project/find';
import { about } from './app';
import { commands, isPaletteOpen, isSheetOpen, useKeys } from './keys';
import { menu } from './pages';
import { go } from './router';
import { useAnswer } from './store';
import { useModal } from './ui/dialog';
import { Icon, type IconName } from './ui/icons';
import { RunOutcome } from './ui/outcome';
import { nextScheme } from './ui/scheme';
import type { ComponentChildren } from 'preact';

interface Entry {
  readonly key: string;
  readonly icon: IconName;
  readonly title: string;
  readonly note?: ComponentChildren;
  readonly run: () => void;
}

const SHOWN = 40;

/** Searches runs, knots, tapestries and values by the typed text, and offers the available commands. */
export function Palette() {
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  const dialog = useRef<HTMLDialogElement>(null);
  const list = useRef<HTMLUListElement>(null);
  const id = useId();
  const sought = text.trim();
  const asked = useLater(sought, 80);
  const answer = useAnswer('project.find', asked.length === 0 ? undefined : { text: asked, limit: 20 });
  useKeys('Palette', [], { isModal: true });
  useModal(dialog);

  const own = useMemo(ownEntries, []);
  const wanted = sought.toLowerCase();
  const isWanted = ({ title }: Entry): boolean => matches(title, wanted);
  const found = asked === '' ? [] : (answer.value?.items ?? []).map(entryOf);
  // Until the whole text is looked for, answers to its beginning that match it are offered.
  const entries = [...own.filter(isWanted), ...(asked === sought ? found : found.filter(isWanted))].slice(
    0,
    SHOWN,
  );
  const active = Math.min(at, entries.length - 1);
  const isSearching = asked !== sought || answer.isLoading;
  useEffect(() => {
    list.current?.children[active]?.scrollIntoView({ block: 'nearest' });
  }, [active]);

  const close = (): void => {
    isPaletteOpen.value = false;
  };
  const choose = (entry: Entry | undefined): void => {
    if (!entry) return;
    close();
    entry.run();
  };
  // Remember that Enter was pressed before the answer came.
  const isEntered = useRef(false);
  useEffect(() => {
    if (!isEntered.current || isSearching) return;
    isEntered.current = false;
    choose(entries[active]);
  }, [isSearching]);
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (event.key === 'Enter' && !event.isComposing) {
      event.preventDefault();
      if (active < 0) isEntered.current = isSearching;
      else choose(entries[active]);
    } else if (step !== 0 && entries.length > 0) {
      event.preventDefault();
      setAt((active + step + entries.length) % entries.length);
    }
  };
  return (
    <dialog
      ref={dialog}
      class="palette"
      aria-label="Search"
      onCancel={(event) => (event.preventDefault(), close())}
      onMouseDown={(event) => event.target === dialog.current && close()}
    >
      <div>
        <div class="palette-field row">
          <Icon name="search" />
          <input
            type="text"
            role="combobox"
            aria-expanded="true"
            aria-controls={`${id}-list`}
            aria-activedescendant={active >= 0 ? `${id}-${active}` : undefined}
            aria-label="Find runs, knots, values, tapestries and commands"
            placeholder="Find a run, knot, value, tapestry or command"
            autocomplete="off"
            spellcheck={false}
            value={text}
            onInput={(event) => {
              setText(event.currentTarget.value);
              setAt(0);
              isEntered.current = false;
            }}
            onKeyDown={onKeyDown}
          />
        </div>
        <ul id={`${id}-list`} ref={list} role="listbox" aria-label="Found">
          {entries.map((entry, index) => (
            <li
              key={entry.key}
              id={`${id}-${index}`}
              class="row"
              role="option"
              aria-selected={index === active}
              onMouseMove={() => setAt(index)}
              onClick={() => choose(entry)}
            >
              <Icon name={entry.icon} />
              <span class="grow cut">{entry.title}</span>
              {entry.note !== undefined && <span class="palette-note muted fine cut">{entry.note}</span>}
            </li>
          ))}
        </ul>
        {entries.length === 0 && (
          <p class="palette-none muted">
            {answer.error
              ? answer.error.message
              : isSearching
                ? 'Searching…'
                : `Nothing is found for “${sought}”.`}
          </p>
        )}
      </div>
    </dialog>
  );
}

const entry = (key: string, icon: IconName, title: string, note: Entry['note'], run: () => void): Entry => ({
  key,
  icon,
  title,
  note,
  run,
});

function ownEntries(): Entry[] {
  return [
    ...commands().map(({ title, run }) => entry(`do ${title}`, 'right', title, undefined, run)),
    ...menu().map(({ place, title, icon }) =>
      entry(`page ${place.page}`, icon, title, 'page', () => go(place)),
    ),
    ...about.value.tapestries.map(({ name }) =>
      entry(`tapestry ${name}`, 'tapestry', name, 'tapestry', () => go({ page: 'tapestry', tapestry: name })),
    ),
    entry('colours', 'moon', 'Change colours', 'command', nextScheme),
    entry('keys', 'keyboard', 'Show keys', 'command', () => (isSheetOpen.value = true)),
  ];
}

function entryOf(found: Found): Entry {
  switch (found.kind) {
    case 'run': {
      const { runId: run, status } = found;
      return entry(`run ${run}`, 'runs', run, <RunOutcome status={status} isBare />, () =>
        go({ page: 'run', run }),
      );
    }
    case 'tapestry': {
      const { tapestry } = found;
      return entry(`found ${tapestry}`, 'tapestry', tapestry, 'runs', () => go({ page: 'runs', tapestry }));
    }
    case 'knot': {
      const { runId: run, knotId: knot } = found;
      return entry(`knot ${run} ${knot}`, 'tapestry', knot, run, () => go({ page: 'run', run, knot }));
    }
    case 'value': {
      const { hash } = found;
      return entry(`value ${hash}`, 'value', hash, 'value', () => go({ page: 'value', hash }));
    }
  }
}

function matches(title: string, wanted: string): boolean {
  const text = title.toLowerCase();
  return wanted.split(/\s+/).every((word) => text.includes(word));
}

/** A value, once it has not changed for a while. */
function useLater(value: string, ms: number): string {
  const [rested, setRested] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setRested(value), ms);
    return () => clearTimeout(timer);
  }, [value, ms]);
  return rested;
}
