import type { PageServer } from '../../explorer/page-server';
import type { Output } from '../output/output';

/** @param isLogged whether a service manager or log collector keeps the output, which must not have the token */
export function describePage(
  { link, url, isOpenToOthers }: Pick<PageServer, 'link' | 'url' | 'isOpenToOthers'>,
  output: Output,
  isLogged = false,
): void {
  output.say(
    isLogged
      ? `Page ${url} (to act: ?token= and SELVAGE_UI_TOKEN, else what is in .selvage/ui-token)`
      : `Page ${link}`,
  );
  if (!isOpenToOthers) return;
  output.warn(
    `${output.yellow('warning')} The page can be reached from other machines, over a connection that nobody has encrypted: whoever has the link may read and act. Put a ` +
      'proxy with TLS before it, or let it listen on 127.0.0.1.',
  );
}
