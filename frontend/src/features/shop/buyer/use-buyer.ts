import { useState } from 'react';
import { nameProblem, storeBuyer, storedBuyer } from './buyer-name';

export interface BuyerField {
  /** What stands in the field. */
  draft: string;
  /** The name that counts, '' when there is none. */
  name: string;
  problem: string | null;
  edit: (draft: string) => void;
  /** Takes the draft as the name; null when it cannot be one. `demand` also faults an empty field. */
  commit: (demand?: boolean) => string | null;
}

export function useBuyer(): BuyerField {
  const [draft, setDraft] = useState(storedBuyer);
  const [name, setName] = useState(() => (nameProblem(draft) === null ? draft : ''));
  const [problem, setProblem] = useState<string | null>(null);

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
  return { draft, name, problem, edit, commit };
}
