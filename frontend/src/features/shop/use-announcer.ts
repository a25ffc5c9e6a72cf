import { type ReactNode, useEffect, useRef } from 'react';
import type { ShopTexts } from '../../texts/en/shop';
import { useVoice } from '../../ui/use-voice';
import { announce, type Moment } from './announce';

/** The voice of a sale's page, which says what becomes of the sale, and a way to say one thing more. */
export function useAnnouncer(
  { sale, face, nowMs }: Moment,
  texts: ShopTexts,
): [voice: ReactNode, say: (text: string) => void] {
  const [voice, say] = useVoice();
  const before = useRef<Moment | null>(null);
  useEffect(() => {
    const after = { sale, face, nowMs };
    const spoken = before.current && announce(before.current, after, texts);
    before.current = after;
    if (spoken) say(spoken);
  }, [sale, face, nowMs, texts, say]);
  return [voice, say];
}
