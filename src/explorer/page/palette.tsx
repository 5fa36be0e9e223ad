import { useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { Found } from '../../operations/project/find';
import { about } from './app';
import { isSheetOpen, useKeys } from './keys';
import { menu } from './pages';
import { commands, isPaletteOpen } from './palette-state';
import { go } from './router';
import { useAnswer } from './store';
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
  // Before the browser draws: what is typed after the key that opened it is for its field.
  useLayoutEffect(() => {
    const before = document.activeElement;
    dialog.current!.showModal();
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);

  const own = useMemo(ownEntries, []);
  const wanted = sought.toLowerCase();
  const isWanted = ({ title }: Entry): boolean => matches(title, wanted);
  const found = asked === '' ? [] : (answer.value?.items ?? []).map(entryOf);
  // What was found of the beginning of the text is offered as far as it is found of all of it.
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
  // Whoever knows what is sought presses Enter before it is found.
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
      <div class="palette-box">
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

function ownEntries(): Entry[] {
  const { tapestries } = about.value;
  return [
    ...commands().map(({ title, run }): Entry => ({ key: `do ${title}`, icon: 'right', title, run })),
    ...menu().map(({ place, title, icon }): Entry => ({
      key: `page ${place.page}`,
      icon,
      title,
      note: 'page',
      run: () => go(place),
    })),
    ...tapestries.map(({ name }): Entry => ({
      key: `tapestry ${name}`,
      icon: 'tapestry',
      title: name,
      note: 'tapestry',
      run: () => go({ page: 'tapestry', tapestry: name }),
    })),
    { key: 'colours', icon: 'moon', title: 'Change colours', note: 'command', run: nextScheme },
    {
      key: 'keys',
      icon: 'keyboard',
      title: 'Show keys',
      note: 'command',
      run: () => (isSheetOpen.value = true),
    },
  ];
}

function entryOf(found: Found): Entry {
  switch (found.kind) {
    case 'run':
      return {
        key: `run ${found.runId}`,
        icon: 'runs',
        title: found.runId,
        note: <RunOutcome status={found.status} isBare />,
        run: () => go({ page: 'run', run: found.runId }),
      };
    case 'tapestry':
      return {
        key: `found ${found.tapestry}`,
        icon: 'tapestry',
        title: found.tapestry,
        note: 'runs',
        run: () => go({ page: 'runs', tapestry: found.tapestry }),
      };
    case 'knot':
      return {
        key: `knot ${found.runId} ${found.knotId}`,
        icon: 'tapestry',
        title: found.knotId,
        note: found.runId,
        run: () => go({ page: 'run', run: found.runId, knot: found.knotId }),
      };
    case 'value':
      return {
        key: `value ${found.hash}`,
        icon: 'value',
        title: found.hash,
        note: 'value',
        run: () => go({ page: 'value', hash: found.hash }),
      };
  }
}

/** Whether every typed word occurs in the title. */
function matches(title: string, wanted: string): boolean {
  const text = title.toLowerCase();
  return wanted.split(/\s+/).every((word) => text.includes(word));
}

/** The value once it has not changed for a while. */
function useLater(value: string, ms: number): string {
  const [rested, setRested] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setRested(value), ms);
    return () => clearTimeout(timer);
  }, [value, ms]);
  return rested;
}
