import { type ReactNode, useCallback, useState } from 'react';

/** The live region of a page, and a way to say a sentence in it, also one that was said before. */
export function useVoice(): [voice: ReactNode, say: (text: string) => void] {
  const [said, setSaid] = useState({ text: '', times: 0 });
  const say = useCallback((text: string) => setSaid(({ times }) => ({ text, times: times + 1 })), []);
  const voice = (
    <p aria-live="polite" className="sr-only" data-testid="announcer">
      {/* Screen readers speak what is new, and the same words in the same place are not. */}
      <span key={said.times}>{said.text}</span>
    </p>
  );
  return [voice, say];
}
