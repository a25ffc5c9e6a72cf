import { useEffect, useState } from 'react';
import { type NameProblem, nameProblem, storeBuyer, storedBuyer } from './buyer-name';

export interface BuyerField {
  /** What stands in the field. */
  draft: string;
  /** The name that counts, '' when there is none. */
  name: string;
  problem: NameProblem | null;
  edit: (draft: string) => void;
  /** Takes the draft as the name; null when it cannot be one. `demand` also faults an empty field. */
  commit: (demand?: boolean) => string | null;
  /** Drops the name. */
  forget: () => void;
}

export function useBuyer(): BuyerField {
  const [draft, setDraft] = useState(storedBuyer);
  const [name, setName] = useState(() => (nameProblem(draft) === null ? draft : ''));
  const [problem, setProblem] = useState<NameProblem | null>(null);
  useEffect(() => {
    // Another tab was told a name: a tab that has none takes it, one in use keeps its own.
    const learn = () => {
      const stored = storedBuyer();
      if (name !== '' || draft !== '' || nameProblem(stored) !== null) return;
      setDraft(stored);
      setName(stored);
      setProblem(null);
    };
    addEventListener('storage', learn);
    return () => removeEventListener('storage', learn);
  }, [name, draft]);

  const edit = (text: string) => {
    setDraft(text);
    setProblem(null);
  };
  const commit = (demand = false) => {
    const trimmed = draft.trim();
    const fault = trimmed === '' && !demand ? null : nameProblem(trimmed);
    setProblem(fault);
    if (fault !== null) return null;
    setDraft(trimmed);
    setName(trimmed);
    storeBuyer(trimmed);
    return trimmed;
  };
  const forget = () => {
    storeBuyer('');
    setDraft('');
    setName('');
    setProblem(null);
  };
  return { draft, name, problem, edit, commit, forget };
}
