import { useState } from 'preact/hooks';
import type { ActName, Acts } from '../contract';
import { source } from './app';
import { asSourceError, type SourceError } from './source/source-error';
import { forgetAnswers } from './store';
import { toast } from './ui/toast';

export interface Acting {
  readonly isBusy: boolean;
  readonly error?: SourceError;
  /** Returns undefined if the act was refused; `error` says why the act was refused. */
  act<Name extends ActName>(
    name: Name,
    ask: Acts[Name]['ask'],
    done?: string,
  ): Promise<Acts[Name]['answer'] | undefined>;
}

/** Performs acts, announces them, and reloads what is shown. @param options `asToast`: refusals are toasts */
export function useAct(options: { asToast?: boolean } = {}): Acting {
  const [state, setState] = useState<{ isBusy: boolean; error?: SourceError }>({ isBusy: false });
  return {
    ...state,
    act: async (name, ask, done) => {
      setState({ isBusy: true });
      try {
        const answer = await source().act(name, ask);
        setState({ isBusy: false });
        if (done !== undefined) toast(done);
        forgetAnswers();
        return answer;
      } catch (refusal) {
        const error = asSourceError(refusal);
        setState({ isBusy: false, ...(!options.asToast && { error }) });
        if (options.asToast) toast(`${error.code}: ${error.message}`, 'err');
        return undefined;
      }
    },
  };
}
