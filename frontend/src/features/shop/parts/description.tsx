import { useState } from 'react';
import { useShopTexts } from '../../../texts/use-shop-texts';

const SHORT_LINES_MAX = 3;
/** About as many characters as that many lines hold. */
const SHORT_CHARS_MAX = 180;

/** What the shop says of its product; a long text is opened by the reader, so that the button stays in reach. */
export function Description({ text }: { text: string }) {
  const { sale } = useShopTexts().texts;
  const [open, setOpen] = useState(false);
  const long = text.length > SHORT_CHARS_MAX || text.split('\n').length > SHORT_LINES_MAX;
  return (
    <div className="max-w-prose">
      <p
        id="description"
        dir="auto"
        className={`text-pretty whitespace-pre-line wrap-anywhere text-muted ${long && !open ? 'line-clamp-3' : ''}`}
      >
        {text}
      </p>
      {long && (
        <button
          type="button"
          className="text-link"
          aria-expanded={open}
          aria-controls="description"
          onClick={() => setOpen(!open)}
        >
          {open ? sale.less : sale.more}
        </button>
      )}
    </div>
  );
}
