import { useEffect, useState } from 'preact/hooks';
import type { RunModel } from './run-model';

/** A counter that grows when knots change, at most five times a second. */
export function useRunChanges(model: RunModel): number {
  const [count, setCount] = useState(0);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const end = model.onChange(() => {
      timer ??= setTimeout(() => {
        timer = undefined;
        setCount((before) => before + 1);
      }, 200);
    });
    return () => {
      end();
      clearTimeout(timer);
    };
  }, [model]);
  return count;
}
