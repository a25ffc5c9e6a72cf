import { useEffect, useRef } from 'react';
import { useAdminTexts } from '../../../texts/use-admin-texts';
import { Notice } from '../parts/notice';
import { FIELDS } from './entries';
import { controlId, FaultWords } from './form-field';
import type { EditorView } from './product-editor';

/** Every bad field by name, each leading to its field; a refusal brings the focus to the first of them. */
export function FaultSummary({ view }: { view: EditorView }) {
  const { faults, strayFaults, refusals, entries } = view;
  const words = useAdminTexts();
  const { texts } = words;
  const summary = useRef<HTMLDivElement>(null);
  const bad = FIELDS.flatMap((field) => {
    const fault = faults[field];
    return fault ? [{ field, fault }] : [];
  });
  const first = bad[0]?.field;
  const focused = useRef(refusals);

  useEffect(() => {
    if (focused.current === refusals) return;
    focused.current = refusals;
    if (first) document.getElementById(controlId(first))?.focus();
    else summary.current?.focus();
  }, [refusals, first]);

  if (bad.length + strayFaults.length === 0) return null;
  return (
    <div ref={summary} tabIndex={-1}>
      <Notice tone="bad" icon="warning">
        <p className="font-semibold">{texts.form.summary(bad.length + strayFaults.length)}</p>
        <ul className="grid gap-1">
          {bad.map(({ field, fault }) => (
            <li key={field}>
              <button
                type="button"
                className="min-h-6 text-left font-medium underline underline-offset-4"
                onClick={() => document.getElementById(controlId(field))?.focus()}
              >
                {texts.fields[field]}
              </button>
              : <FaultWords fault={fault} words={words} currency={entries.currency} />
            </li>
          ))}
          {strayFaults.map((fault) => (
            <li key={fault} lang="en">
              {fault}
            </li>
          ))}
        </ul>
      </Notice>
    </div>
  );
}
