import { useEffect, useState } from 'react';
import { copyText } from '../../../lib/copy-text';

const SHOWN_MS = 2000;

interface Props {
  text: string;
  label: string;
  onCopied: () => void;
}

export function CopyButton({ text, label, onCopied }: Props) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [copied]);
  return (
    <button
      type="button"
      aria-label={label}
      className="h-11 min-w-24 rounded-xl border border-edge px-4 text-sm font-semibold hover:bg-line/50"
      onClick={async () => {
        if (!(await copyText(text))) return;
        setCopied(true);
        onCopied();
      }}
    >
      {copied ? 'Copied' : 'Copy'}
    </button>
  );
}
