import { about } from '../app';
import { href } from '../router';
import { shortHash } from '../words';
import { copy } from './copy';
import { Icon } from './icons';

/**
 * A hash: a link to its value, and a button that copies the whole hash.
 *
 * @param props `isLink`: default, whether there is a page of values
 */
export function HashChip(props: { hash: string; run?: string; isLink?: boolean }) {
  const { hash, run, isLink = about.value.abilities.pages.includes('value') } = props;
  const text = <code>{shortHash(hash)}</code>;
  return (
    <span class="chip">
      {isLink ? (
        <a href={href({ page: 'value', hash, run })} title={hash}>
          {text}
        </a>
      ) : (
        <span title={hash}>{text}</span>
      )}
      <button
        type="button"
        class="chip-copy bare-button"
        aria-label={`Copy hash ${shortHash(hash)}`}
        title="Copy"
        onClick={() => copy(hash, 'Hash')}
      >
        <Icon name="copy" size={12} />
      </button>
    </span>
  );
}

export function Tag({ children, href: to }: { children: string; href?: string }) {
  return to === undefined ? (
    <span class="tag cut">{children}</span>
  ) : (
    <a class="tag cut" href={to}>
      {children}
    </a>
  );
}
