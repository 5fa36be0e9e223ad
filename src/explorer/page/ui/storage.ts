/** A text that the browser keeps. A page from a file may have no storage: it then holds for this visit. */
export function stored(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

export function store(key: string, text: string): void {
  try {
    localStorage.setItem(key, text);
  } catch {
    // Without storage, the text holds for this visit.
  }
}
