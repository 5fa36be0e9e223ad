import { computed, signal, type ReadonlySignal } from '@preact/signals';
import type { PageName } from '../../operations/project/about';
import { pathOf, placeOf, type Place, type Places } from './routes';

/**
 * The shown place is only in the URL: in the path if a server serves the page, in the fragment if the page is a file.
 */
export type { PageProps, Place, Places } from './routes';

export const DOCUMENT_ID = 'selvage-document';
/** Whether the page is a file of its own, without a server that serves its paths and other files. */
export const inFragment = location.protocol === 'file:' || document.getElementById(DOCUMENT_ID) !== null;
const base = (() => {
  const named = document.querySelector<HTMLMetaElement>('meta[name="selvage-base"]')?.content;
  const { pathname } = new URL(named ?? '.', document.baseURI);
  return pathname.endsWith('/') ? pathname : `${pathname}/`;
})();

/** The path below which the page and its API are, with a trailing slash. */
export const basePath = base;

function read(): string {
  if (inFragment) return location.hash.replace(/^#\/?/, '');
  const { pathname, search } = location;
  return (pathname.startsWith(base) ? pathname.slice(base.length) : '') + search;
}

const current = signal(read());
let first: Place = { page: 'overview' };

export function setFirstPlace(place: Place): void {
  first = place;
  current.value = read();
}

/** The place of a URL; undefined if the URL belongs to no page. */
export const place: ReadonlySignal<Place | undefined> = computed(() =>
  current.value === '' || current.value === 'index.html' ? first : placeOf(current.value),
);

export function href(to: Place): string {
  return inFragment ? `#/${pathOf(to)}` : base + pathOf(to);
}

/** @param options `replace`: adds no entry to the history of the browser; for typing and dragging */
export function go(to: Place, options: { replace?: boolean } = {}): void {
  const url = href(to);
  const path = pathOf(to);
  if (path === current.peek()) return;
  if (options.replace) history.replaceState(history.state, '', url);
  else history.pushState(null, '', url);
  current.value = path;
}

/** Changes values that the current page keeps in the URL; undefined removes one. */
export function alter<Name extends PageName>(
  page: Name,
  values: Partial<Places[Name]>,
  options: { replace?: boolean } = {},
): void {
  const now = place.peek();
  if (now?.page === page) go({ ...now, ...values }, options);
}

function follow(): void {
  current.value = read();
}

/** Follows links within the page; clicks with a modifier key are left to the browser. */
function onClick(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0) return;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = (event.target as Element | null)?.closest?.('a[href]');
  if (!(link instanceof HTMLAnchorElement) || link.target !== '' || link.hasAttribute('download')) return;
  const to = new URL(link.href);
  if (to.origin !== location.origin && to.protocol !== 'file:') return;
  if (inFragment) {
    if (to.pathname !== location.pathname || !to.hash.startsWith('#/')) return;
  } else if (!to.pathname.startsWith(base) || to.hash !== '') return;
  event.preventDefault();
  const path = inFragment ? to.hash.slice(2) : to.pathname.slice(base.length) + to.search;
  if (path === current.peek()) return;
  history.pushState(null, '', link.href);
  current.value = path;
}

export function startRouter(): void {
  addEventListener('popstate', follow);
  addEventListener('hashchange', follow);
  document.addEventListener('click', onClick);
}
