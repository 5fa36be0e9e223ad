import { signal } from '@preact/signals';
import { useLayoutEffect } from 'preact/hooks';

export const isPaletteOpen = signal(false);

interface Command {
  readonly title: string;
  readonly run: () => void;
}

const offered = signal<readonly { readonly commands: readonly Command[] }[]>([]);

export function useCommands(commands: readonly Command[]): void {
  const key = commands.map(({ title }) => title).join('\n');
  useLayoutEffect(() => {
    const mine = { commands };
    offered.value = [mine, ...offered.peek()];
    return () => {
      offered.value = offered.peek().filter((one) => one !== mine);
    };
  }, [key]);
}

export function commands(): Command[] {
  return offered.value.flatMap((one) => one.commands);
}
