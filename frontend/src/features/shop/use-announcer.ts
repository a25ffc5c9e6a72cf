import { useEffect, useRef, useState } from 'react';
import type { ShopTexts } from '../../texts/en/shop';
import { announce, type Moment } from './announce';

/** The live region's sentence, and a way to say one more. */
export function useAnnouncer(
  { sale, face, nowMs }: Moment,
  texts: ShopTexts,
): [sentence: string, say: (text: string) => void] {
  const [sentence, say] = useState('');
  const before = useRef<Moment | null>(null);
  useEffect(() => {
    const after = { sale, face, nowMs };
    const spoken = before.current && announce(before.current, after, texts);
    before.current = after;
    if (spoken) say(spoken);
  }, [sale, face, nowMs, texts]);
  return [sentence, say];
}
