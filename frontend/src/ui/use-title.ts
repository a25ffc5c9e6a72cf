import { useEffect } from 'react';

/** Names the page in the browser's tab; null while its name is not known. */
export function useTitle(title: string | null): void {
  useEffect(() => {
    document.title = title === null ? 'Stampede' : `${title} · Stampede`;
  }, [title]);
}
