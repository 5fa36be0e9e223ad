import { signal } from '@preact/signals';
import type { ComponentChildren, ComponentType } from 'preact';
import { useEffect, useErrorBoundary, useLayoutEffect, useRef } from 'preact/hooks';
import type { About, PageName } from '../../operations/project/about';
import { about, isFile } from './app';
import { isMac, isPaletteOpen, isSheetOpen, useKeys } from './keys';
import { liveState } from './live';
import { loadPage, menu, titleOf } from './pages';
import { Palette } from './palette';
import { go, href, place, type PageProps, type Place } from './router';
import { asSourceError } from './source/source-error';
import { Sheet } from './sheet';
import { Button } from './ui/button';
import { Icon } from './ui/icons';
import { PageHead } from './ui/page';
import { nextScheme, scheme } from './ui/scheme';
import { ErrorBox, Skeleton } from './ui/states';
import { announce, LiveRegion, Toasts } from './ui/toast';

const loaded = signal<Partial<Record<PageName, ComponentType<PageProps<PageName>>>>>({});
const failed = signal<unknown>(undefined);

function load(name: PageName): void {
  failed.value = undefined;
  void loadPage(name).then(
    (page) => (loaded.value = { ...loaded.peek(), [name]: page }),
    (error: unknown) => (failed.value = error),
  );
}

export function Frame() {
  const now = place.value;
  const main = useRef<HTMLElement>(null);
  const title = now && titleOf(now);
  useKeys('Everywhere', [
    { keys: 'mod+k', says: 'Search', inFields: true, run: () => (isPaletteOpen.value = true) },
    { keys: '?', says: 'Keyboard shortcuts', run: () => (isSheetOpen.value = true) },
    ...menu().map(({ place: to, title: name, keys }) => ({
      keys,
      says: `Go to ${name.toLowerCase()}`,
      run: () => go(to),
    })),
    { keys: 'alt+ArrowLeft', says: 'Back', isHidden: true, run: () => history.back() },
  ]);
  const key = now && pageKey(now);
  const before = useRef(key);
  // Move the focus before the browser draws, so that it is not taken from where the user has put it on the new page.
  useLayoutEffect(() => {
    document.title = [title, about.value.project || 'Selvage'].filter(Boolean).join(' · ');
    if (before.current === key) return;
    before.current = key;
    announce(title ?? 'No such page');
    main.current?.focus({ preventScroll: true });
  }, [key, title]);
  return (
    <div class={`frame${isFile ? ' file' : ''}`}>
      <a
        class="skip button inline primary"
        href="#main"
        onClick={(event) => (event.preventDefault(), main.current?.focus())}
      >
        Skip to the page
      </a>
      {!isFile && <Side now={now} />}
      <main id="main" class="column grow" ref={main} tabIndex={-1}>
        {now ? (
          <Guard key={key}>
            <Shown now={now} />
          </Guard>
        ) : (
          <>
            <PageHead title="Page not found" />
            <div class="page-body">
              <a class="link" href={href({ page: 'runs' })}>
                Go to the runs
              </a>
            </div>
          </>
        )}
      </main>
      {isSheetOpen.value && <Sheet />}
      {isPaletteOpen.value && <Palette />}
      <Toasts />
      <LiveRegion />
    </div>
  );
}

/** The identity of a page. A change elsewhere in the URL updates the page instead of replacing it. */
function pageKey(now: Place): string {
  const subject =
    'run' in now && now.page === 'run'
      ? now.run
      : 'hash' in now
        ? now.hash
        : 'tapestry' in now && now.page !== 'runs'
          ? now.tapestry
          : '';
  return `${now.page} ${subject}`;
}

function Shown({ now }: { now: Place }) {
  const Page = loaded.value[now.page];
  useEffect(() => {
    if (!Page) load(now.page);
  }, [now.page]);
  if (Page) return <Page place={now} />;
  if (failed.value !== undefined)
    return <ErrorBox error={asSourceError(failed.value)} onRetry={() => load(now.page)} />;
  return <Skeleton />;
}

/** An error boundary: a page that fails leaves the frame standing. */
function Guard({ children }: { children: ComponentChildren }) {
  const [error, again] = useErrorBoundary();
  if (error !== undefined) return <ErrorBox error={asSourceError(error)} onRetry={again} />;
  return <>{children}</>;
}

function stateWords(address: string | undefined, state: About['serverState']): string {
  if (liveState.value === 'lost') return 'Connecting again…';
  if (state === 'unreachable') return 'Temporal unreachable';
  return address ?? (state === 'connecting' ? 'Connecting…' : 'Records only');
}

const SCHEME_ICONS = { system: 'screen', light: 'sun', dark: 'moon' } as const;

function Side({ now }: { now: Place | undefined }) {
  const { project, server, serverState, tapestries } = about.value;
  return (
    <nav class="side column" aria-label="Pages">
      <a class="brand row" href={href({ page: 'overview' })}>
        <svg width="20" height="20" viewBox="0 0 20 20" aria-hidden="true">
          <path d="M3 3v14M7 3v14M11 3v14" class="warp" />
          <path d="M3 5h11a2.5 2.5 0 0 1 0 5H3M3 10h11a2.5 2.5 0 0 1 0 5H3" class="weft" />
        </svg>
        <span class="cut">{project || 'Selvage'}</span>
      </a>
      <button type="button" class="button inline find" onClick={() => (isPaletteOpen.value = true)}>
        <Icon name="search" />
        <span class="grow">Find</span>
        <kbd>{isMac ? '⌘' : 'Ctrl'} K</kbd>
      </button>
      <ul>
        {menu().map(({ place: to, title, icon }) => (
          <li key={title}>
            <a
              class="row"
              href={href(to)}
              aria-current={
                now?.page === to.page && !('tapestry' in now && now.tapestry) ? 'page' : undefined
              }
            >
              <Icon name={icon} />
              <span class="cut">{title}</span>
            </a>
          </li>
        ))}
      </ul>
      {tapestries.length > 0 && (
        <>
          <h2 class="side-title">Tapestries</h2>
          <ul class="side-tapestries">
            {tapestries.map(({ name }) => (
              <li key={name}>
                <a
                  class="row"
                  href={href({ page: 'tapestry', tapestry: name })}
                  aria-current={now && 'tapestry' in now && now.tapestry === name ? 'page' : undefined}
                  title={name}
                >
                  <Icon name="tapestry" />
                  <span class="cut">{name}</span>
                </a>
              </li>
            ))}
          </ul>
        </>
      )}
      <div class="side-foot row between">
        <p
          class="server row grow fine muted"
          title={server && `Temporal at ${server.address}, namespace ${server.namespace}`}
        >
          <span
            class={`pulse fixed ${serverState === 'unreachable' ? 'lost' : liveState.value}`}
            aria-hidden="true"
          />
          <span class="cut">{stateWords(server?.address, serverState)}</span>
        </p>
        <div class="side-buttons">
          <Button
            kind="quiet"
            icon={SCHEME_ICONS[scheme.value]}
            label={`Colours: ${scheme.value}`}
            onClick={nextScheme}
          />
          <Button
            kind="quiet"
            icon="keyboard"
            label="Keyboard shortcuts"
            onClick={() => (isSheetOpen.value = true)}
          />
        </div>
      </div>
    </nav>
  );
}
