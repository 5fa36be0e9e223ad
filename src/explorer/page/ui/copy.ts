import { toast } from './toast';

export function copy(text: string, what: string): void {
  void (async () => {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // A file, or a page without TLS, has no clipboard API.
      const field = document.createElement('textarea');
      field.value = text;
      field.className = 'out-of-sight';
      document.body.append(field);
      field.select();
      const isDone = document.execCommand('copy');
      field.remove();
      if (!isDone)
        return toast(`${what} could not be copied: this browser gives no access to the clipboard.`, 'err');
    }
    toast(`${what} copied`);
  })();
}
