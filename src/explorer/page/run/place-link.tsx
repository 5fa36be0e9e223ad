import { shownText } from '../shown-text';

const LOOPBACK = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/u;

/** Half of a character, which no address can have. */
const LONE = /[\ud800-\udfff]/gu;

/** A place in the user's files; a link to the editor where the page is served by the same machine. */
export function PlaceLink({ at }: { at: string }) {
  const [file = at] = at.split(/[\\/]/u).slice(-1);
  if (!LOOPBACK.test(location.hostname)) return <code title={shownText(at)}>{shownText(file)}</code>;
  const parts = at
    .replaceAll('\\', '/')
    .replace(/^(?!\/)/u, '/')
    .split('/');
  const path = parts
    .map((part) => encodeURIComponent(part.replace(LONE, '\ufffd')).replaceAll('%3A', ':'))
    .join('/');
  return (
    <a
      class="link mono"
      href={`vscode://file${path}`}
      title={shownText(at)}
      aria-label={`Open ${shownText(file)} in the editor`}
    >
      {shownText(file)}
    </a>
  );
}
