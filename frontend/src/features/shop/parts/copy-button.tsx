import { useEffect, useState } from 'react';
import { copyText } from '../../../lib/copy-text';
import { useShopTexts } from '../../../texts/use-shop-texts';

const SHOWN_MS = 2000;

interface Props {
  text: string;
  onCopied: () => void;
}

export function CopyButton({ text, onCopied }: Props) {
  const { receipt } = useShopTexts().texts;
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [copied]);
  return (
    <button
      type="button"
      aria-label={receipt.copyLabel}
      className="quiet-button"
      onClick={async () => {
        if (!(await copyText(text))) return;
        setCopied(true);
        onCopied();
      }}
    >
      {copied ? receipt.copied : receipt.copy}
    </button>
  );
}
