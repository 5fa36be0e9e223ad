import type { ComponentChildren } from 'preact';
import { href, type Place } from '../router';

export function Link(props: { to: Place; class?: string; title?: string; children: ComponentChildren }) {
  const { to, class: look = 'link', title, children } = props;
  return (
    <a class={look} href={href(to)} title={title}>
      {children}
    </a>
  );
}
