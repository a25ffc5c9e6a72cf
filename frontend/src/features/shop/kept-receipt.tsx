import { useState } from 'react';
import { useShopTexts } from '../../texts/use-shop-texts';
import { useVoice } from '../../ui/use-voice';
import { storedBuyer } from './buyer/buyer-name';
import { recordedPurchases } from './buying/purchase-records';
import { Receipt } from './parts/receipt';

/** What this browser's buyer bought at a sale that is gone: the receipt outlives it. */
export function KeptReceipt({ sku }: { sku: string }) {
  const { receipt } = useShopTexts().texts;
  const [buyer] = useState(storedBuyer);
  const [purchases] = useState(() => recordedPurchases(sku, buyer));
  const [voice, say] = useVoice();
  return (
    <div className="mx-auto max-w-md">
      <Receipt
        heading={receipt.plain}
        productName={sku}
        buyer={buyer}
        purchases={purchases}
        outcomes={0}
        onCopied={() => say(receipt.copiedSaid)}
      />
      {voice}
    </div>
  );
}
