import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';

/** A component whose code is loaded when it is first shown, or before by `prepare`. */
export function late<Props extends object>(
  load: () => Promise<ComponentType<Props>>,
): ComponentType<Props> & { prepare(): void } {
  let loaded: ComponentType<Props> | undefined;
  const prepare = async (): Promise<void> => {
    loaded ??= await load();
  };
  const Late = (props: Props) => {
    const [state, setState] = useState<{ error?: Error }>({});
    useEffect(() => {
      if (!loaded)
        prepare().then(
          () => setState({}),
          (error: Error) => setState({ error }),
        );
    }, []);
    // The page's error boundary shows the error.
    if (state.error !== undefined) throw state.error;
    const Shown = loaded;
    return Shown ? <Shown {...props} /> : null;
  };
  // Without a connection, loading fails again when the component is shown, and is reported then.
  return Object.assign(Late, { prepare: () => void prepare().catch(() => undefined) });
}
