import type { ReactNode } from 'react';
import { currencyDigits } from '../../../lib/price-text';
import type { AdminTexts } from '../../../texts/en/admin';
import { type AdminWords, useAdminTexts } from '../../../texts/use-admin-texts';
import { Icon } from '../parts/icon';
import type { Field } from './entries';
import type { EditorView, ProductEditor } from './product-editor';
import type { Fault } from './read-form';
import { serverFaultText } from './server-fault';

/** The form that a field is part of. */
export interface FormContext {
  editor: ProductEditor;
  view: EditorView;
  /** Why nothing can be changed is said in the element `LOCK_ID`. */
  locked: boolean;
}

/** What a field's control has to carry. */
export interface Control {
  id: string;
  value: string;
  readOnly: boolean;
  autoComplete: 'off';
  'aria-invalid': boolean;
  'aria-describedby': string;
  className: string;
  onChange: (event: { currentTarget: { value: string } }) => void;
}

interface Props {
  form: FormContext;
  field: Field;
  hint?: ReactNode;
  /** It can be typed once and never changed. */
  fixed?: boolean;
  className?: string;
  children: (control: Control) => ReactNode;
}

export const LOCK_ID = 'product-lock';
export const controlId = (field: Field) => `product-${field}`;

/** One field: its label, its control, what is wrong with it, and what helps to fill it in. */
export function FormField({ form, field, hint, fixed = false, className = '', children }: Props) {
  const words = useAdminTexts();
  const { texts } = words;
  const { editor, view, locked } = form;
  const id = controlId(field);
  const fault = view.faults[field];
  const typedBefore = view.typedBefore[field];
  const control: Control = {
    id,
    value: view.entries[field],
    readOnly: locked || fixed || view.state.name === 'working',
    autoComplete: 'off',
    'aria-invalid': fault !== undefined,
    'aria-describedby': [`${id}-fault`, `${id}-hint`, ...(locked ? [LOCK_ID] : [])].join(' '),
    className: `min-h-11 w-full min-w-0 rounded-xl border bg-canvas px-3.5 py-2 text-base sm:text-sm aria-invalid:border-bad aria-invalid:ring-1 aria-invalid:ring-bad ${locked || fixed ? 'border-line text-muted' : 'border-edge'}`,
    onChange: (event) => editor.type(field, event.currentTarget.value),
  };
  return (
    <div className={className}>
      <label htmlFor={id} className="mb-1.5 flex items-center gap-1.5 text-sm font-medium">
        {texts.fields[field]}
        {locked && <Icon name="lock" className="size-3.5 text-muted" />}
      </label>
      {children(control)}
      <p id={`${id}-fault`} className="text-sm font-medium text-bad not-empty:mt-1.5">
        {fault && <FaultWords fault={fault} words={words} currency={view.entries.currency} />}
      </p>
      {typedBefore !== undefined && (
        <p className="mt-1.5 flex flex-wrap items-center gap-x-3 text-sm text-warn wrap-anywhere">
          {texts.form.typedBefore(typedBefore || texts.form.nothingTyped)}
          <button
            type="button"
            aria-label={`${texts.form.retype}: ${texts.fields[field]}`}
            className="min-h-8 font-semibold underline underline-offset-4"
            onClick={() => editor.retype(field)}
          >
            {texts.form.retype}
          </button>
        </p>
      )}
      <p id={`${id}-hint`} className="text-xs/5 text-muted not-empty:mt-1.5 wrap-anywhere">
        {hint}
      </p>
    </div>
  );
}

interface FaultProps {
  fault: Fault;
  words: AdminWords;
  /** The typed currency, whose decimals a price may have. */
  currency: string;
}

/** What is wrong with a field; the server's own words where the catalogue has none of them. */
export function FaultWords({ fault, words, currency }: FaultProps) {
  if (fault.by === 'form') return formFaultWords(fault.why, currency, words.texts);
  return serverFaultText(fault.text, words) ?? <span lang="en">{fault.text}</span>;
}

function formFaultWords(
  why: Extract<Fault, { by: 'form' }>['why'],
  currency: string,
  texts: AdminTexts,
): string {
  const { faults } = texts;
  return why === 'price' ? faults.price(currencyDigits(currency.trim().toUpperCase())) : faults[why];
}
